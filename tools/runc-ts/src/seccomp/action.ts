/** The OCI actions as return values of a filter: SECCOMP_RET_* of include/uapi/linux/seccomp.h, data in the lower 16 bits. */
import type { LinuxSeccompAction } from '@docker-ts/oci/runtime-spec';

export const SECCOMP_RET_KILL_THREAD = 0x00000000;
const SECCOMP_RET_KILL_PROCESS = 0x80000000;
const SECCOMP_RET_TRAP = 0x00030000;
const SECCOMP_RET_ERRNO = 0x00050000;
const SECCOMP_RET_USER_NOTIF = 0x7fc00000;
const SECCOMP_RET_TRACE = 0x7ff00000;
const SECCOMP_RET_LOG = 0x7ffc0000;
const SECCOMP_RET_ALLOW = 0x7fff0000;

const EPERM = 1;
const ENOSYS = 38;

/** What a filter answers to system calls that came to the kernel after the filter was written. */
export const returnEnosys = SECCOMP_RET_ERRNO | ENOSYS;

/** `errnoRet`: what SCMP_ACT_ERRNO fails with, what SCMP_ACT_TRACE tells the tracer; EPERM if absent. */
export function returnValue(action: LinuxSeccompAction, errnoRet: number = EPERM): number {
  switch (action) {
    case 'SCMP_ACT_KILL':
    case 'SCMP_ACT_KILL_THREAD':
      return SECCOMP_RET_KILL_THREAD;
    case 'SCMP_ACT_KILL_PROCESS':
      return SECCOMP_RET_KILL_PROCESS;
    case 'SCMP_ACT_TRAP':
      return SECCOMP_RET_TRAP;
    case 'SCMP_ACT_ERRNO':
      return SECCOMP_RET_ERRNO | (errnoRet & 0xffff);
    case 'SCMP_ACT_TRACE':
      return SECCOMP_RET_TRACE | (errnoRet & 0xffff);
    case 'SCMP_ACT_LOG':
      return SECCOMP_RET_LOG;
    case 'SCMP_ACT_NOTIFY':
      return SECCOMP_RET_USER_NOTIF;
    case 'SCMP_ACT_ALLOW':
      return SECCOMP_RET_ALLOW;
    default:
      return action satisfies never;
  }
}

/** True for default actions that let an unknown system call through to the kernel (or to a tracer), which then says ENOSYS itself. */
export function letsThrough(action: LinuxSeccompAction): boolean {
  return action === 'SCMP_ACT_ALLOW' || action === 'SCMP_ACT_LOG' || action === 'SCMP_ACT_TRACE';
}
