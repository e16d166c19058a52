/** What a compiled seccomp filter is: the product of `compile.ts`, the input of seccomp(2) SECCOMP_SET_MODE_FILTER. */

/** SECCOMP_FILTER_FLAG_* of include/uapi/linux/seccomp.h. */
export const seccompFilterFlag = {
  TSYNC: 1,
  LOG: 2,
  SPEC_ALLOW: 4,
  NEW_LISTENER: 8,
  TSYNC_ESRCH: 16,
  WAIT_KILLABLE_RECV: 32,
} as const;

export interface SeccompProgram {
  /** struct sock_filter[]: 8 bytes each, little endian. At most 4096 (BPF_MAXINSNS). */
  readonly filter: Uint8Array;
  readonly instructionCount: number;
  /** SECCOMP_FILTER_FLAG_* bits. With NEW_LISTENER seccomp(2) returns the notification descriptor. */
  readonly flags: number;
  /** Unix socket to send the notification descriptor to. */
  readonly listenerPath?: string;
  readonly listenerMetadata?: string;
  /** What was skipped although somebody may have counted on it: names that no kernel known here has. */
  readonly warnings: readonly string[];
}
