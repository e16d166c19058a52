/** `process` of config.json: config.md "Process", config-linux.md for what only Linux has. */
import type { JsonInteger } from './runtime-spec.ts';

/** The container's first process; also what `exec --process` reads. */
export interface Process {
  /** Gives the process a pseudo terminal, handed out over the console socket. */
  readonly terminal?: boolean;
  /** Size of the terminal in characters. */
  readonly consoleSize?: ConsoleSize;
  readonly user: User;
  /** argv; args[0] is looked up in the container's PATH. Needed at start. */
  readonly args?: readonly string[];
  /** `NAME=value`. */
  readonly env?: readonly string[];
  /** Absolute path in the container. */
  readonly cwd: string;
  readonly capabilities?: LinuxCapabilities;
  readonly rlimits?: readonly PosixRlimit[];
  /** prctl(PR_SET_NO_NEW_PRIVS). */
  readonly noNewPrivileges?: boolean;
  readonly apparmorProfile?: string;
  /** -1000 … 1000, /proc/PID/oom_score_adj; absent: inherited. */
  readonly oomScoreAdj?: number;
  readonly scheduler?: Scheduler;
  readonly selinuxLabel?: string;
  readonly ioPriority?: LinuxIoPriority;
  readonly execCPUAffinity?: CpuAffinity;
}

export interface ConsoleSize {
  readonly height: number;
  readonly width: number;
}

/** Numeric ids only; `username` is for Windows. */
export interface User {
  readonly uid: number;
  readonly gid: number;
  /** Octal 0022 is 18 here; absent: inherited. */
  readonly umask?: number;
  readonly additionalGids?: readonly number[];
}

/** `CAP_…` names of capabilities(7), a list for each set. */
export interface LinuxCapabilities {
  readonly bounding?: readonly string[];
  readonly effective?: readonly string[];
  readonly inheritable?: readonly string[];
  readonly permitted?: readonly string[];
  readonly ambient?: readonly string[];
}

export interface PosixRlimit {
  /** `RLIMIT_NOFILE` … of getrlimit(2). */
  readonly type: string;
  /** RLIM_INFINITY is 18446744073709551615. */
  readonly soft: JsonInteger;
  readonly hard: JsonInteger;
}

export type SchedulerPolicy =
  | 'SCHED_OTHER'
  | 'SCHED_FIFO'
  | 'SCHED_RR'
  | 'SCHED_BATCH'
  | 'SCHED_ISO'
  | 'SCHED_IDLE'
  | 'SCHED_DEADLINE';

export type SchedulerFlag =
  | 'SCHED_FLAG_RESET_ON_FORK'
  | 'SCHED_FLAG_RECLAIM'
  | 'SCHED_FLAG_DL_OVERRUN'
  | 'SCHED_FLAG_KEEP_POLICY'
  | 'SCHED_FLAG_KEEP_PARAMS'
  | 'SCHED_FLAG_UTIL_CLAMP_MIN'
  | 'SCHED_FLAG_UTIL_CLAMP_MAX';

/** sched_setattr(2). */
export interface Scheduler {
  readonly policy: SchedulerPolicy;
  /** -20 … 19, for SCHED_OTHER and SCHED_BATCH. */
  readonly nice?: number;
  /** 1 … 99, for SCHED_FIFO and SCHED_RR. */
  readonly priority?: number;
  readonly flags?: readonly SchedulerFlag[];
  /** Nanoseconds, for SCHED_DEADLINE, as the next two. */
  readonly runtime?: JsonInteger;
  readonly deadline?: JsonInteger;
  readonly period?: JsonInteger;
}

/** ioprio_set(2). */
export interface LinuxIoPriority {
  readonly class: 'IOPRIO_CLASS_RT' | 'IOPRIO_CLASS_BE' | 'IOPRIO_CLASS_IDLE';
  /** 0 (highest) … 7. */
  readonly priority: number;
}

/** CPU lists (`0-3,7`) for exec'd processes: `initial` until the cgroup is joined, `final` from then on. */
export interface CpuAffinity {
  readonly initial?: string;
  readonly final?: string;
}
