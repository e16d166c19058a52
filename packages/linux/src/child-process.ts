/**
 * Children started without a shell, pipes or an event loop: posix_spawn(3), waitpid(2). For programs in which start-up is the
 * product; elsewhere Bun.spawn is more comfortable. The child inherits every descriptor that is not close-on-exec.
 */
import { ptr } from 'bun:ffi';
import { errnoNumbers } from './errno.ts';
import { check, cString, openLibc, SystemError } from './libc.ts';

const libc = openLibc({
  posix_spawn: { args: ['ptr', 'ptr', 'ptr', 'ptr', 'ptr', 'ptr'], returns: 'i32' },
  waitpid: { args: ['i32', 'ptr', 'i32'], returns: 'i32' },
});

/** A NULL-terminated array of C strings; `keep` holds what it points to. */
function cStrings(values: readonly string[]): { array: BigUint64Array; keep: Uint8Array[] } {
  const keep = values.map((value) => cString(value));
  const array = new BigUint64Array(values.length + 1);
  for (const [index, buffer] of keep.entries()) array[index] = BigInt(ptr(buffer));
  return { array, keep };
}

/** Starts `path` and answers its process id. The caller must wait for it. */
export function spawnProcess(path: string, argv: readonly string[], env: readonly string[]): number {
  const pid = new Int32Array(1);
  const argvStrings = cStrings(argv);
  const envStrings = cStrings(env);
  const error = libc.posix_spawn(pid, cString(path), null, null, argvStrings.array, envStrings.array);
  // keeps the strings reachable until after the call
  if (argvStrings.keep.length !== argv.length || envStrings.keep.length !== env.length) throw new Error('unreachable');
  if (error !== 0) throw new SystemError(`start ${path}`, error);
  return pid[0] ?? -1;
}

/** How a child ended. */
export type ChildExit = { readonly code: number } | { readonly signal: number };

/** waitpid's status word (wait(2)). */
export function decodeWaitStatus(status: number): ChildExit {
  const signal = status & 0x7f;
  return signal === 0 ? { code: (status >> 8) & 0xff } : { signal };
}

/** As a shell reports it: the code, or 128 + the signal. */
export function exitCodeOf(exit: ChildExit): number {
  return 'code' in exit ? exit.code : 128 + exit.signal;
}

const WNOHANG = 1;

/** Blocks until the child `pid` has ended. */
export function waitForChild(pid: number): ChildExit {
  const status = new Int32Array(1);
  for (;;) {
    const result = libc.waitpid(pid, status, 0);
    if (result === pid) return decodeWaitStatus(status[0] ?? 0);
    try {
      check(result, `wait for process ${pid}`);
    } catch (error) {
      if (!(error instanceof SystemError) || error.errno !== errnoNumbers.EINTR) throw error;
    }
  }
}

/** The child's end if it has ended already; undefined while it runs. */
export function pollChild(pid: number): ChildExit | undefined {
  const status = new Int32Array(1);
  const result = check(libc.waitpid(pid, status, WNOHANG), `wait for process ${pid}`);
  return result === 0 ? undefined : decodeWaitStatus(status[0] ?? 0);
}

/** Collects any child that has ended, adopted ones included; undefined if none has. */
export function reapAnyChild(): { readonly pid: number; readonly exit: ChildExit } | undefined {
  const status = new Int32Array(1);
  const pid = libc.waitpid(-1, status, WNOHANG);
  return pid > 0 ? { pid, exit: decodeWaitStatus(status[0] ?? 0) } : undefined;
}
