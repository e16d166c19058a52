/** seccomp(2): what this kernel can, and putting a filter on the calling thread. Constants: include/uapi/linux/seccomp.h. */
import { unimplemented } from '@docker-ts/base/errors';
import { ptr } from 'bun:ffi';
import { check, errno, openLibc } from './libc.ts';

const SECCOMP_SET_MODE_FILTER = 1;
const EFAULT = 14;

const systemCallNumbers: Readonly<Record<string, number>> = { x64: 317, arm64: 277 };

const open = () => openLibc({ syscall: { args: ['i64', 'u32', 'u32', 'ptr'], returns: 'i64' } });
let libc: ReturnType<typeof open> | undefined;

function seccomp(operation: number, flags: number, argument: Uint8Array | null): number {
  const number = systemCallNumbers[process.arch];
  if (number === undefined) throw unimplemented(`cannot use seccomp: not supported on ${process.arch}`);
  libc ??= open();
  return Number(libc.syscall(number, operation, flags, argument));
}

/** True if the kernel knows the SECCOMP_FILTER_FLAG_* bit: it looks at the flags before it misses the filter (seccomp(2), EFAULT). */
export function supportsSeccompFlag(flag: number): boolean {
  return seccomp(SECCOMP_SET_MODE_FILTER, flag, null) === -1 && errno() === EFAULT;
}

/**
 * Puts `filter` (struct sock_filter[]) on the calling thread, for good. Needs no_new_privs or CAP_SYS_ADMIN. Returns what the kernel
 * does: the notification descriptor with SECCOMP_FILTER_FLAG_NEW_LISTENER, else 0.
 */
export function loadSeccompFilter(filter: Uint8Array, flags: number): number {
  const program = new Uint8Array(16);
  const view = new DataView(program.buffer);
  view.setUint16(0, filter.length / 8, true);
  view.setBigUint64(8, BigInt(ptr(filter)), true);
  return check(seccomp(SECCOMP_SET_MODE_FILTER, flags, program), 'load seccomp filter');
}
