/**
 * The one description of the plan's wire format. From it come the encoder's types (`encode.ts`) and the C reader
 * (`init/plan.gen.h`, made by `scripts/gen-plan-header.ts`): a number or a layout is written down nowhere else.
 *
 * All numbers are little-endian and unaligned.
 *
 *     plan   = magic "RTSP" · u16 version · u16 step count · u32 length of all steps · step…
 *     step   = u16 operation · u16 zero · u32 payload length · payload
 *     u32, i32, u64
 *     str    = u32 length · bytes · NUL            (no NUL inside)
 *     strs   = u32 count · str…
 *     bytes  = u32 length · bytes
 *     u32s   = u32 count · u32…
 *
 * Every step is decoded before the first one is carried out; an unknown operation, a trailing byte or a wrong length is fatal.
 * A number is never reused for another meaning; any change of a layout raises `planVersion`.
 */

export const planMagic = 'RTSP';
export const planVersion = 1;

export type FieldType = 'u32' | 'i32' | 'u64' | 'str' | 'strs' | 'bytes' | 'u32s';

interface Operation {
  readonly number: number;
  /** What the init does, for the header's comment. */
  readonly about: string;
  readonly fields: Readonly<Record<string, FieldType>>;
}

/** In the order of a container's life; the plan decides the real order. */
export const operations = {
  write_file: {
    number: 1,
    about: 'open an existing host file and write the value in one call',
    fields: { path: 'str', value: 'str' },
  },
  setns: {
    number: 2,
    about: 'enter the namespaces of a descriptor (fd >= 0: a pidfd or namespace file) or of a path',
    fields: { fd: 'i32', path: 'str', types: 'u32' },
  },
  clone: {
    number: 3,
    about: 'the launcher ends here; its child, a sibling in new namespaces, carries out what follows',
    fields: { flags: 'u64' },
  },
  birth_cgroup: { number: 41, about: 'the cgroup v2 that clone puts its child into', fields: { path: 'str' } },
  directory: { number: 42, about: 'make a directory and those above it, if they are missing', fields: { path: 'str' } },
  unshare: { number: 40, about: 'unshare(2)', fields: { flags: 'u64' } },
  setsid: { number: 4, about: 'setsid(2)', fields: {} },
  keyring: {
    number: 5,
    about: 'join a new session keyring and let its owner search it',
    fields: { name: 'str', permissions: 'u32' },
  },
  loopback: { number: 6, about: 'bring up the interface lo', fields: {} },
  propagation: { number: 7, about: 'change the propagation of /', fields: { flags: 'u64' } },
  root: {
    number: 8,
    about: 'resolve every later path below this folder, which bind first makes a mount of its own',
    fields: { path: 'str', bind: 'u32' },
  },
  proc_guard: {
    number: 9,
    about: 'the only paths below /proc that a later mount may cover',
    fields: { allowed: 'strs' },
  },
  mount_fs: {
    number: 10,
    about: 'fsopen, fsconfig, fsmount, move_mount',
    fields: {
      target: 'str',
      type: 'str',
      source: 'str',
      options: 'strs',
      attributes: 'u64',
      propagation: 'u64',
      propagation_recursive: 'u32',
      real_directory: 'u32',
    },
  },
  mount_bind: {
    number: 11,
    about: 'open_tree, mount_setattr, move_mount; the source is a host path',
    fields: {
      target: 'str',
      source: 'str',
      recursive: 'u32',
      set: 'u64',
      clear: 'u64',
      recursive_set: 'u64',
      recursive_clear: 'u64',
      propagation: 'u64',
      propagation_recursive: 'u32',
    },
  },
  remount: {
    number: 12,
    about: 'change the attributes of what is mounted on a path',
    fields: { target: 'str', set: 'u64', clear: 'u64' },
  },
  device: {
    number: 13,
    about: 'mknod, or a bind of the host node where mknod is not allowed',
    fields: { path: 'str', mode: 'u32', major: 'u32', minor: 'u32', uid: 'u32', gid: 'u32' },
  },
  symlink: {
    number: 14,
    about: 'symlink; what is there already stays, or goes if replace is set',
    fields: { path: 'str', destination: 'str', replace: 'u32' },
  },
  sysctl: { number: 15, about: 'write below /proc/sys', fields: { path: 'str', value: 'str' } },
  readonly_path: {
    number: 16,
    about: 'bind a path onto itself, read-only; a missing path is fine',
    fields: { path: 'str' },
  },
  mask_path: {
    number: 17,
    about: 'cover a file with /dev/null, a directory with an empty read-only tmpfs; a missing path is fine',
    fields: { path: 'str' },
  },
  sync: { number: 18, about: 'tell the runtime and wait for its answer', fields: {} },
  hook: {
    number: 19,
    about: 'run a program with state_head, own pid, state_tail on its stdin; timeout 0 waits for ever',
    fields: { path: 'str', argv: 'strs', env: 'strs', timeout_ms: 'u32', state_head: 'str', state_tail: 'str' },
  },
  console: {
    number: 20,
    about: 'open a pseudo terminal in the container, send its master over the socket, make its slave stdio',
    fields: { socket: 'i32', mount: 'u32', rows: 'u32', columns: 'u32' },
  },
  pivot: {
    number: 21,
    about: 'make the root file system /; method: 1 pivot_root, 2 MS_MOVE, 3 chroot',
    fields: { method: 'u32' },
  },
  hostname: { number: 22, about: 'sethostname(2)', fields: { name: 'str' } },
  domainname: { number: 23, about: 'setdomainname(2)', fields: { name: 'str' } },
  rlimit: { number: 24, about: 'setrlimit(2)', fields: { resource: 'u32', soft: 'u64', hard: 'u64' } },
  scheduler: { number: 25, about: 'sched_setattr(2) with this struct sched_attr', fields: { attributes: 'bytes' } },
  io_priority: { number: 26, about: 'ioprio_set(2)', fields: { value: 'u32' } },
  personality: { number: 27, about: 'personality(2)', fields: { value: 'u32' } },
  umask: { number: 28, about: 'umask(2)', fields: { mask: 'u32' } },
  no_new_privileges: { number: 29, about: 'prctl(PR_SET_NO_NEW_PRIVS)', fields: {} },
  bounding: {
    number: 30,
    about: 'drop every capability outside the mask from the bounding set',
    fields: { mask: 'u64' },
  },
  user: {
    number: 31,
    about: 'change directory, take the ids with capabilities kept, give stdio to the user, verify the directory',
    fields: { uid: 'u32', gid: 'u32', groups: 'u32s', cwd: 'str' },
  },
  capabilities: {
    number: 32,
    about: 'capset(2) and the ambient set',
    fields: { effective: 'u64', permitted: 'u64', inheritable: 'u64', ambient: 'u64' },
  },
  lookup: {
    number: 33,
    about: 'find the executable in these directories (none: file is a path) and remember it',
    fields: { file: 'str', directories: 'strs' },
  },
  seccomp: {
    number: 34,
    about: 'seccomp(2) with this array of struct sock_filter',
    fields: { filter: 'bytes', flags: 'u32' },
  },
  ready: { number: 35, about: 'tell the runtime that all is set up', fields: {} },
  wait_start: {
    number: 36,
    about: 'hang up, open the FIFO, which blocks until start reads it, and write one byte',
    fields: { fifo: 'i32' },
  },
  close_from: { number: 37, about: 'no descriptor from here on survives exec', fields: { first: 'u32' } },
  security_label: {
    number: 39,
    about: 'write to the first of these files below /proc/self/attr that exists',
    fields: { files: 'strs', value: 'str' },
  },
  exec: { number: 38, about: 'execve(2) what lookup found', fields: { argv: 'strs', env: 'strs' } },
} as const satisfies Record<string, Operation>;

export type OperationName = keyof typeof operations;

interface FieldValues {
  u32: number;
  i32: number;
  u64: bigint;
  str: string;
  strs: readonly string[];
  bytes: Uint8Array;
  u32s: readonly number[];
}

/** The values that a step of this operation carries. */
export type OperationValues<Name extends OperationName> = {
  readonly [
    Field in keyof (typeof operations)[Name]['fields']
  ]: FieldValues[(typeof operations)[Name]['fields'][Field] & FieldType];
};

/** What the init says over the channel: u32 kind · i32 step · i32 value · u32 text length · text. */
export const messageKinds = {
  /** value: the process id of the clone, as the launcher sees it. */
  pid: 1,
  /** The init waits for one byte. */
  sync: 2,
  ready: 3,
  /** value: errno. text: what was tried, NUL, what the errno means. */
  failed: 4,
  /** text: what went wrong without harm. */
  warning: 5,
} as const;
