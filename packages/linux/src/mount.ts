/** mount(2), umount2(2) and the mount table. Flags: the kernel's include/uapi/linux/mount.h. */
import { readFileSync } from 'node:fs';
import { check, cString, openLibc, SystemError } from './libc.ts';

const libc = openLibc({
  mount: { args: ['ptr', 'ptr', 'ptr', 'u64', 'ptr'], returns: 'i32' },
  umount2: { args: ['ptr', 'i32'], returns: 'i32' },
});

export const MS = {
  RDONLY: 1n,
  NOSUID: 2n,
  NODEV: 4n,
  NOEXEC: 8n,
  SYNCHRONOUS: 16n,
  REMOUNT: 32n,
  DIRSYNC: 128n,
  NOATIME: 1024n,
  NODIRATIME: 2048n,
  BIND: 4096n,
  MOVE: 8192n,
  REC: 16384n,
  SILENT: 32768n,
  UNBINDABLE: 1n << 17n,
  PRIVATE: 1n << 18n,
  SLAVE: 1n << 19n,
  SHARED: 1n << 20n,
  RELATIME: 1n << 21n,
  STRICTATIME: 1n << 24n,
  LAZYTIME: 1n << 25n,
} as const;

export const MNT_DETACH = 2;
export const UMOUNT_NOFOLLOW = 8;

/** mount(2). `data` is the file system's own option string. */
export function mount(source: string, target: string, fstype: string, flags: bigint, data = ''): void {
  check(
    libc.mount(cString(source), cString(target), cString(fstype), flags, data === '' ? null : cString(data)),
    () => `mount ${fstype || 'bind'} on ${target}`,
  );
}

/** umount2(2). Without flags a busy mount fails with EBUSY; `MNT_DETACH` takes it out of the tree at once. */
export function unmount(target: string, flags = 0): void {
  check(libc.umount2(cString(target), flags), () => `unmount ${target}`);
}

/** Takes away everything that is mounted on `target` itself; nothing mounted there is no error. */
export function unmountAll(target: string, flags = UMOUNT_NOFOLLOW | MNT_DETACH): void {
  for (;;) {
    try {
      unmount(target, flags);
    } catch (error) {
      if (error instanceof SystemError && (error.errnoName === 'EINVAL' || error.errnoName === 'ENOENT')) return;
      throw error;
    }
  }
}

/** One line of /proc/self/mountinfo (proc_pid_mountinfo(5)). */
export interface MountInfo {
  readonly id: number;
  readonly parentId: number;
  readonly root: string;
  readonly mountPoint: string;
  readonly options: string;
  readonly optional: readonly string[];
  readonly fsType: string;
  readonly source: string;
  readonly superOptions: string;
}

const unescapeOctal = (text: string): string =>
  text.includes('\\')
    ? text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
    : text;

/** Parses mountinfo text; lines that it cannot read are left out. */
export function parseMountInfo(text: string): MountInfo[] {
  const mounts: MountInfo[] = [];
  for (const line of text.split('\n')) {
    const fields = line.split(' ');
    const dash = fields.indexOf('-', 6);
    const [id, parentId, , root, mountPoint, options] = fields;
    if (dash < 0 || root === undefined || mountPoint === undefined || options === undefined) continue;
    mounts.push({
      id: Number(id),
      parentId: Number(parentId),
      root: unescapeOctal(root),
      mountPoint: unescapeOctal(mountPoint),
      options,
      optional: fields.slice(6, dash),
      fsType: fields[dash + 1] ?? '',
      source: unescapeOctal(fields[dash + 2] ?? ''),
      superOptions: fields[dash + 3] ?? '',
    });
  }
  return mounts;
}

/** The mount table of this process. */
export function readMountInfo(path = '/proc/self/mountinfo'): MountInfo[] {
  return parseMountInfo(readFileSync(path, 'utf8'));
}
