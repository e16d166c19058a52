/**
 * The OCI runtime specification 1.2 as TypeScript: `config.json` of a bundle (config.md, config-linux.md), the `state` document
 * (runtime.md) and the seccomp agent's message (config-linux.md, "Seccomp"). Property names are the JSON names. What only other
 * platforms use (Windows, Solaris, z/OS, VMs, FreeBSD) is left out: a runtime for Linux must ignore it (spec.md, "Platforms").
 *
 * 64-bit numbers are `JsonInteger`: RLIM_INFINITY and seccomp's argument values do not fit a JavaScript number. Read and write
 * config.json by `runtime-spec-json.ts`, which keeps every digit; check what was read by `runtime-spec-validation.ts`.
 */
import type { Linux, LinuxIdMapping } from './runtime-spec-linux.ts';
import type { Process } from './runtime-spec-process.ts';

export type * from './runtime-spec-linux.ts';
export type * from './runtime-spec-process.ts';
export type * from './runtime-spec-resources.ts';
export type * from './runtime-spec-seccomp.ts';

/** The version of the specification that docker-ts writes; every 1.x is read. */
export const runtimeSpecVersion = '1.2.1';

/** A whole number of up to 64 bits: a bigint wherever the number would not be safe (beyond ±2^53). */
export type JsonInteger = number | bigint;

/** config.json (config.md). */
export interface RuntimeSpec {
  /** SemVer 2.0 of the specification that the bundle complies with. */
  readonly ociVersion: string;
  /** The container's process; needed at `start` (config.md, "Process"). */
  readonly process?: Process;
  readonly root?: Root;
  /** Host name in the container's UTS namespace. */
  readonly hostname?: string;
  /** NIS domain name in the container's UTS namespace. */
  readonly domainname?: string;
  /** In the order in which they are mounted. */
  readonly mounts?: readonly Mount[];
  readonly hooks?: Hooks;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly linux?: Linux;
}

/** The root file system (config.md, "Root"). */
export interface Root {
  /** Absolute, or relative to the bundle. */
  readonly path: string;
  readonly readonly?: boolean;
}

/** One mount beyond the root (config.md, "Mounts"). */
export interface Mount {
  /** Absolute path in the container; a relative one counts from `/` (runc's reading of a SHOULD). */
  readonly destination: string;
  /** File system type of /proc/filesystems; ignored for bind mounts, which options `bind` or `rbind` make. */
  readonly type?: string;
  /** Device, directory (relative: to the bundle, for bind mounts) or a dummy. */
  readonly source?: string;
  /** mount(8)'s names, and the file system's own options. */
  readonly options?: readonly string[];
  /** Id-mapped mounts: both or neither (config.md, "POSIX-platform Mounts"). */
  readonly uidMappings?: readonly LinuxIdMapping[];
  readonly gidMappings?: readonly LinuxIdMapping[];
}

/** A program that runs at a point of the container's life (config.md, "POSIX-platform Hooks"). It gets `RuntimeState` on stdin. */
export interface Hook {
  /** Absolute. */
  readonly path: string;
  /** argv, argv[0] included. */
  readonly args?: readonly string[];
  readonly env?: readonly string[];
  /** Seconds, greater than zero; none: waits for ever. */
  readonly timeout?: number;
}

/** Each list runs in order. `prestart`, `createRuntime`: runtime namespace; `createContainer`, `startContainer`: the container's. */
export interface Hooks {
  /** Deprecated in favour of the next three, still called first. */
  readonly prestart?: readonly Hook[];
  readonly createRuntime?: readonly Hook[];
  readonly createContainer?: readonly Hook[];
  readonly startContainer?: readonly Hook[];
  readonly poststart?: readonly Hook[];
  readonly poststop?: readonly Hook[];
}

export type HookName = keyof Hooks;

export type RuntimeStatus = 'creating' | 'created' | 'running' | 'stopped';

/** What `state` prints and hooks read (runtime.md, "State"). */
export interface RuntimeState {
  readonly ociVersion: string;
  readonly id: string;
  /** The four of the specification, and runc's `paused`. */
  readonly status: RuntimeStatus | 'paused';
  /** Process id as the runtime's pid namespace sees it; absent or 0 once stopped. */
  readonly pid?: number;
  /** Absolute path. */
  readonly bundle: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Sent to a seccomp agent beside the file descriptors (config-linux.md, "The Container Process State"). */
export interface ContainerProcessState {
  readonly ociVersion: string;
  /** One name for each descriptor of the SCM_RIGHTS message; seccomp's is `seccompFd`. */
  readonly fds: readonly string[];
  readonly pid: number;
  readonly metadata?: string;
  readonly state: RuntimeState;
}
