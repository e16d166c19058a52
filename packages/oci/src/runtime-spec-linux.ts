/** `linux` of config.json: config-linux.md, all but resources and seccomp, which have files of their own. */
import type { JsonInteger } from './runtime-spec.ts';
import type { LinuxResources } from './runtime-spec-resources.ts';
import type { LinuxSeccomp } from './runtime-spec-seccomp.ts';

export interface Linux {
  readonly uidMappings?: readonly LinuxIdMapping[];
  readonly gidMappings?: readonly LinuxIdMapping[];
  /** Kernel parameters, dotted or slashed name → value; only those of the container's own namespaces are allowed. */
  readonly sysctl?: Readonly<Record<string, string>>;
  readonly resources?: LinuxResources;
  /** Absolute: below the cgroup mount point; relative: the runtime's choice; systemd: `slice:prefix:name`. */
  readonly cgroupsPath?: string;
  /** One of a type at most. A type that is not listed is inherited from the runtime. */
  readonly namespaces?: readonly LinuxNamespace[];
  /** Device nodes to create beside the default ones. */
  readonly devices?: readonly LinuxDevice[];
  /** Host network interface → what becomes of it in the container (spec 1.3). */
  readonly netDevices?: Readonly<Record<string, LinuxNetDevice>>;
  readonly seccomp?: LinuxSeccomp;
  readonly rootfsPropagation?: RootfsPropagation;
  /** Absolute paths in the container that cannot be read. */
  readonly maskedPaths?: readonly string[];
  readonly readonlyPaths?: readonly string[];
  /** SELinux context of the mounts. */
  readonly mountLabel?: string;
  readonly intelRdt?: LinuxIntelRdt;
  readonly memoryPolicy?: LinuxMemoryPolicy;
  readonly personality?: LinuxPersonality;
  /** `monotonic`, `boottime` → offset in the time namespace. */
  readonly timeOffsets?: Readonly<Record<string, LinuxTimeOffset>>;
}

export type LinuxNamespaceType = 'pid' | 'network' | 'mount' | 'ipc' | 'uts' | 'user' | 'cgroup' | 'time';

export interface LinuxNamespace {
  readonly type: LinuxNamespaceType;
  /** Absolute path of a namespace file to join; absent: a new namespace. */
  readonly path?: string;
}

/** user_namespaces(7): `size` ids from `containerID` on are `hostID` … outside. */
export interface LinuxIdMapping {
  readonly containerID: number;
  readonly hostID: number;
  readonly size: number;
}

/** `c`haracter, `b`lock, `u`nbuffered character, `p`: FIFO. */
export type LinuxDeviceType = 'c' | 'b' | 'u' | 'p';

export interface LinuxDevice {
  /** Absolute path in the container. */
  readonly path: string;
  readonly type: LinuxDeviceType;
  /** Needed unless type is `p`. */
  readonly major?: number;
  readonly minor?: number;
  /** Permission bits: octal 0666 is 438 here. */
  readonly fileMode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

export interface LinuxNetDevice {
  /** Name in the container; absent: as on the host. */
  readonly name?: string;
}

export type RootfsPropagation =
  | 'shared'
  | 'slave'
  | 'private'
  | 'unbindable'
  | 'rshared'
  | 'rslave'
  | 'rprivate'
  | 'runbindable'
  | '';

export interface LinuxIntelRdt {
  readonly closID?: string;
  readonly schemata?: readonly string[];
  readonly l3CacheSchema?: string;
  readonly memBwSchema?: string;
  readonly enableMonitoring?: boolean;
}

/** set_mempolicy(2). */
export interface LinuxMemoryPolicy {
  readonly mode: string;
  readonly nodes?: string;
  readonly flags?: readonly string[];
}

/** personality(2). */
export interface LinuxPersonality {
  readonly domain: 'LINUX' | 'LINUX32';
  readonly flags?: readonly string[];
}

export interface LinuxTimeOffset {
  readonly secs?: JsonInteger;
  readonly nanosecs?: number;
}
