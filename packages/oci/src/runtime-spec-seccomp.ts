/** `linux.seccomp` of config.json: config-linux.md, "Seccomp". Meaning of actions and operators: seccomp(2) and libseccomp's seccomp_rule_add(3). */
import type { JsonInteger } from './runtime-spec.ts';

export interface LinuxSeccomp {
  readonly defaultAction: LinuxSeccompAction;
  /** For SCMP_ACT_ERRNO and SCMP_ACT_TRACE; absent: EPERM. */
  readonly defaultErrnoRet?: number;
  /** `SCMP_ARCH_X86_64` … beside the kernel's own. */
  readonly architectures?: readonly string[];
  /** `SECCOMP_FILTER_FLAG_…`; absent: runc's default, SPEC_ALLOW where the kernel has it. */
  readonly flags?: readonly string[];
  /** Unix socket of the agent that answers SCMP_ACT_NOTIFY. */
  readonly listenerPath?: string;
  /** Passed to the agent as it is. */
  readonly listenerMetadata?: string;
  readonly syscalls?: readonly LinuxSyscall[];
}

export type LinuxSeccompAction =
  | 'SCMP_ACT_KILL'
  | 'SCMP_ACT_KILL_PROCESS'
  | 'SCMP_ACT_KILL_THREAD'
  | 'SCMP_ACT_TRAP'
  | 'SCMP_ACT_ERRNO'
  | 'SCMP_ACT_TRACE'
  | 'SCMP_ACT_ALLOW'
  | 'SCMP_ACT_LOG'
  | 'SCMP_ACT_NOTIFY';

export type LinuxSeccompOperator =
  | 'SCMP_CMP_NE'
  | 'SCMP_CMP_LT'
  | 'SCMP_CMP_LE'
  | 'SCMP_CMP_EQ'
  | 'SCMP_CMP_GE'
  | 'SCMP_CMP_GT'
  | 'SCMP_CMP_MASKED_EQ';

/** One rule for each name. */
export interface LinuxSyscall {
  readonly names: readonly string[];
  readonly action: LinuxSeccompAction;
  /** For SCMP_ACT_ERRNO and SCMP_ACT_TRACE; absent: EPERM. */
  readonly errnoRet?: number;
  /** All must hold; but several conditions on one argument are alternatives, as runc reads them. */
  readonly args?: readonly LinuxSeccompArg[];
}

export interface LinuxSeccompArg {
  /** 0 … 5. */
  readonly index: number;
  /** For SCMP_CMP_MASKED_EQ the mask. */
  readonly value: JsonInteger;
  /** For SCMP_CMP_MASKED_EQ what the masked argument must equal. */
  readonly valueTwo?: JsonInteger;
  readonly op: LinuxSeccompOperator;
}
