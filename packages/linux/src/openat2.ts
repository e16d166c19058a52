/** openat2(2): opening a path below a directory under rules for how it may be resolved. include/uapi/linux/openat2.h */
import { check, cString, openLibc } from './libc.ts';

const libc = openLibc({
  syscall: { args: ['i64', 'i64', 'ptr', 'ptr', 'u64'], returns: 'i64' },
});

const SYS_openat2 = 437;

/** Open flags that node:fs does not name. */
export const O_PATH = 0o10000000;
export const O_CLOEXEC = 0o2000000;

export const RESOLVE = {
  NO_XDEV: 1n,
  NO_MAGICLINKS: 2n,
  NO_SYMLINKS: 4n,
  /** Fails if the path leads out of the directory. */
  BENEATH: 8n,
  /** The directory is / for the path: absolute links and .. stay inside. */
  IN_ROOT: 16n,
} as const;

/** Opens `path` below the directory `fd`; answers a descriptor that is closed on exec. */
export function openat2(fd: number, path: string, flags: number, resolve: bigint, mode = 0): number {
  const how = new BigUint64Array([BigInt(flags | O_CLOEXEC), BigInt(mode), resolve]);
  const opened = libc.syscall(SYS_openat2, fd, cString(path), how, how.byteLength);
  return check(Number(opened), () => `open ${path}`);
}
