/**
 * Children with everything set: posix_spawn(3) with file actions and attributes. The child gets exactly the descriptors that
 * it is given, nothing else (posix_spawn_file_actions_addclosefrom_np, glibc 2.34), default signal actions and an empty
 * signal mask. It belongs to the caller's own wait loop: Bun does not know of it.
 *
 * Opaque glibc structs (bits/types, x86-64 and arm64): posix_spawn_file_actions_t has 80 bytes, posix_spawnattr_t 336.
 */
import { ptr } from 'bun:ffi';
import { cString, openLibc, SystemError } from './libc.ts';

const libc = openLibc({
  posix_spawn: { args: ['ptr', 'ptr', 'ptr', 'ptr', 'ptr', 'ptr'], returns: 'i32' },
  posix_spawn_file_actions_init: { args: ['ptr'], returns: 'i32' },
  posix_spawn_file_actions_destroy: { args: ['ptr'], returns: 'i32' },
  posix_spawn_file_actions_adddup2: { args: ['ptr', 'i32', 'i32'], returns: 'i32' },
  posix_spawn_file_actions_addopen: { args: ['ptr', 'i32', 'ptr', 'i32', 'u32'], returns: 'i32' },
  posix_spawn_file_actions_addchdir_np: { args: ['ptr', 'ptr'], returns: 'i32' },
  posix_spawn_file_actions_addclosefrom_np: { args: ['ptr', 'i32'], returns: 'i32' },
  posix_spawnattr_init: { args: ['ptr'], returns: 'i32' },
  posix_spawnattr_destroy: { args: ['ptr'], returns: 'i32' },
  posix_spawnattr_setflags: { args: ['ptr', 'i16'], returns: 'i32' },
  posix_spawnattr_setsigdefault: { args: ['ptr', 'ptr'], returns: 'i32' },
  posix_spawnattr_setsigmask: { args: ['ptr', 'ptr'], returns: 'i32' },
});

const fileActionsBytes = 80;
const attributesBytes = 336;
/** sigset_t of glibc: 1024 bits. */
const signalSetBytes = 128;
const SETSIGDEF = 0x04;
const SETSIGMASK = 0x08;
const SETSID = 0x80;
const O_RDWR = 2;

export interface SpawnOptions {
  /** The executable's path; no search in PATH. */
  readonly path: string;
  /** With argv[0]. */
  readonly argv: readonly string[];
  /** `NAME=value` entries. */
  readonly env: readonly string[];
  /** The child's descriptors 0, 1, 2, … by ours; `null` is /dev/null. */
  readonly stdio: readonly (number | null)[];
  readonly cwd?: string;
  /** A session of its own (and with it a process group). */
  readonly newSession?: boolean;
}

/** A NULL-terminated array of C strings; `keep` holds what it points to. */
function cStrings(values: readonly string[]): { array: BigUint64Array; keep: Uint8Array[] } {
  const keep = values.map((value) => cString(value));
  const array = new BigUint64Array(values.length + 1);
  for (const [index, buffer] of keep.entries()) array[index] = BigInt(ptr(buffer));
  return { array, keep };
}

function fail(error: number, operation: string): void {
  if (error !== 0) throw new SystemError(operation, error);
}

function fillFileActions(actions: Uint8Array, options: SpawnOptions, keep: Uint8Array[]): void {
  // Two rounds through numbers above all sources, so that no dup2 overwrites a descriptor that a later one still needs.
  const parkingBase = Math.max(options.stdio.length, ...options.stdio.map((source) => (source ?? 0) + 1));
  for (const [target, source] of options.stdio.entries())
    if (source !== null)
      fail(libc.posix_spawn_file_actions_adddup2(actions, source, parkingBase + target), 'posix_spawn dup2');
  const devNull = cString('/dev/null');
  keep.push(devNull);
  for (const [target, source] of options.stdio.entries()) {
    if (source === null)
      fail(libc.posix_spawn_file_actions_addopen(actions, target, devNull, O_RDWR, 0), 'posix_spawn');
    else fail(libc.posix_spawn_file_actions_adddup2(actions, parkingBase + target, target), 'posix_spawn dup2');
  }
  if (options.cwd !== undefined) {
    const cwd = cString(options.cwd);
    keep.push(cwd);
    fail(libc.posix_spawn_file_actions_addchdir_np(actions, cwd), 'posix_spawn chdir');
  }
  fail(libc.posix_spawn_file_actions_addclosefrom_np(actions, options.stdio.length), 'posix_spawn closefrom');
}

function fillAttributes(attributes: Uint8Array, options: SpawnOptions): void {
  const all = new Uint8Array(signalSetBytes).fill(0xff);
  const none = new Uint8Array(signalSetBytes);
  libc.posix_spawnattr_setsigdefault(attributes, all);
  libc.posix_spawnattr_setsigmask(attributes, none);
  libc.posix_spawnattr_setflags(attributes, SETSIGDEF | SETSIGMASK | (options.newSession === true ? SETSID : 0));
}

/** Starts a child and answers its process id; what is wrong with the executable shows here (ENOENT, EACCES, ENOEXEC). */
export function posixSpawn(options: SpawnOptions): number {
  const actions = new Uint8Array(fileActionsBytes);
  const attributes = new Uint8Array(attributesBytes);
  const argv = cStrings(options.argv);
  const env = cStrings(options.env);
  const keep = [...argv.keep, ...env.keep];
  libc.posix_spawn_file_actions_init(actions);
  libc.posix_spawnattr_init(attributes);
  try {
    fillFileActions(actions, options, keep);
    fillAttributes(attributes, options);
    const pid = new Int32Array(1);
    const error = libc.posix_spawn(pid, cString(options.path), actions, attributes, argv.array, env.array);
    fail(error, `start ${options.path}`);
    return pid[0] ?? -1;
  } finally {
    libc.posix_spawn_file_actions_destroy(actions);
    libc.posix_spawnattr_destroy(attributes);
    // The strings must stay reachable until the call is over.
    keep.length = 0;
  }
}
