/**
 * What node:fs cannot do to an inode: mknod(2), times to the nanosecond by utimensat(2), syncfs(2). Paths are taken as they are: whoever
 * passes one that others can change gives it below a descriptor, `/proc/self/fd/<fd>/<name>`, with nothing but a name at the end.
 */
import { check, cString, openLibc } from './libc.ts';

const libc = openLibc({
  mknod: { args: ['ptr', 'u32', 'u64'], returns: 'i32' },
  utimensat: { args: ['i32', 'ptr', 'ptr', 'i32'], returns: 'i32' },
  futimens: { args: ['i32', 'ptr'], returns: 'i32' },
  syncfs: { args: ['i32'], returns: 'i32' },
});

const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
const nsPerSecond = 1_000_000_000n;

/** File types of st_mode. */
export const S_IFCHR = 0o020000;
export const S_IFBLK = 0o060000;
export const S_IFIFO = 0o010000;

/** Device number as the kernel packs it (glibc's gnu_dev_makedev). */
export function makeDevice(major: number, minor: number): bigint {
  const high = BigInt(major);
  const low = BigInt(minor);
  return ((high & 0xfffff000n) << 32n) | ((high & 0xfffn) << 8n) | ((low & 0xffffff00n) << 12n) | (low & 0xffn);
}

/** mknod(2); `mode` holds type and permissions, of which the umask takes its share. */
export function makeNode(path: string, mode: number, device = 0n): void {
  check(libc.mknod(cString(path), mode, device), () => `make node ${path}`);
}

function timespecs(accessNs: bigint, modifyNs: bigint): BigInt64Array {
  const split = (ns: bigint): [bigint, bigint] => {
    const nanos = ((ns % nsPerSecond) + nsPerSecond) % nsPerSecond;
    return [(ns - nanos) / nsPerSecond, nanos];
  };
  return new BigInt64Array([...split(accessNs), ...split(modifyNs)]);
}

/** Sets both times of what is at `path`, a link itself and not what it points to. */
export function setTimes(path: string, accessNs: bigint, modifyNs: bigint): void {
  check(
    libc.utimensat(AT_FDCWD, cString(path), timespecs(accessNs, modifyNs), AT_SYMLINK_NOFOLLOW),
    () => `set times of ${path}`,
  );
}

/** Sets both times of an open file. */
export function setTimesOf(fd: number, accessNs: bigint, modifyNs: bigint): void {
  check(libc.futimens(fd, timespecs(accessNs, modifyNs)), `set times of descriptor ${fd}`);
}

/** Brings the whole file system of an open file to the disk. Blocks for as long as that takes. */
export function syncFileSystem(fd: number): void {
  check(libc.syncfs(fd), `sync the file system of descriptor ${fd}`);
}
