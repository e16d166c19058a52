/**
 * A look into a container's file system before it runs: the layers of its snapshot as one tree that has no path. The
 * overlay is mounted for the blink of an eye, opened, and taken out of the tree again; the descriptor keeps it until disposal.
 * For reading, the writable layer goes in as the topmost read-only one, so that its work folder is not touched.
 *
 * Files are opened as a process whose / is the container's root would open them (openat2, RESOLVE_IN_ROOT): links in an image
 * never lead to the host.
 */
import { failedPrecondition, invalidArgument } from '@docker-ts/base/errors';
import { SystemError } from '@docker-ts/linux/libc';
import { MNT_DETACH, mount, MS, unmount } from '@docker-ts/linux/mount';
import { O_PATH, openat2, RESOLVE } from '@docker-ts/linux/openat2';
import type { Mount } from '@docker-ts/rpc/gen/containerd/types/mount';
import { closeSync, constants, fstatSync, mkdirSync, mkdtempSync, openSync, readSync, rmdirSync } from 'node:fs';
import { constants as osConstants } from 'node:os';
import { join } from 'node:path';

const optionValue = (options: readonly string[], key: string): string | undefined =>
  options.find((option) => option.startsWith(`${key}=`))?.slice(key.length + 1);

const absentErrors: readonly string[] = ['ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES', 'ENXIO'];

const openAttemptsMax = 100;

/** Mounted data of mount(2) ends at a page; the layers' options beyond that need shorter paths. */
const mountDataMax = 4095;

function overlayData({ options }: Mount, writable: boolean): string {
  if (writable) return checkedData(options.filter((option) => option !== 'rw'));
  const upper = optionValue(options, 'upperdir');
  const lower = optionValue(options, 'lowerdir') ?? '';
  const kept = options.filter((option) => option === 'userxattr' || option.startsWith('index='));
  return checkedData([...kept, `lowerdir=${upper === undefined ? lower : `${upper}:${lower}`}`]);
}

function checkedData(options: readonly string[]): string {
  const data = options.join(',');
  if (data.length > mountDataMax)
    throw failedPrecondition('cannot look into the container: too many layers for one mount');
  return data;
}

export class RootfsView implements Disposable {
  readonly #fd: number;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /**
   * `scratch` is a folder of the daemon's own on a file system that allows mount points. `writable` views change the container's
   * snapshot, which must not be mounted anywhere else meanwhile.
   */
  static open(mounts: readonly Mount[], scratch: string, writable = false): RootfsView {
    const [only, ...more] = mounts;
    if (only === undefined || more.length > 0)
      throw failedPrecondition(`cannot look into the container: its snapshot has ${mounts.length} mounts`);
    if (only.type === 'bind') return new RootfsView(openSync(only.source, constants.O_DIRECTORY | O_PATH));
    if (only.type !== 'overlay')
      throw failedPrecondition(`cannot look into the container: its snapshot is mounted as "${only.type}"`);
    const folder = mkdtempSync(join(scratch, 'view-'));
    try {
      const flags = MS.NODEV | MS.NOSUID | MS.NOEXEC | (writable ? 0n : MS.RDONLY);
      mount('overlay', folder, 'overlay', flags, overlayData(only, writable));
      try {
        return new RootfsView(openSync(folder, constants.O_DIRECTORY | O_PATH));
      } finally {
        unmount(folder, MNT_DETACH);
      }
    } finally {
      rmdirSync(folder);
    }
  }

  /** The root of a running process. */
  static ofProcess(pid: number): RootfsView {
    return new RootfsView(openSync(`/proc/${pid}/root`, constants.O_DIRECTORY | O_PATH));
  }

  /** True if `path` leads to a directory. */
  hasDirectory(path: string): boolean {
    const fd = this.#openDirectory(path);
    if (fd === undefined) return false;
    closeSync(fd);
    return true;
  }

  #openDirectory(path: string): number | undefined {
    return this.#open(path, constants.O_DIRECTORY | O_PATH);
  }

  /** `undefined` for what is not there. */
  #open(path: string, flags: number): number | undefined {
    const relative = path.replace(/^\/+/, '') || '.';
    for (let attempt = 1; ; attempt++) {
      try {
        return openat2(this.#fd, relative, flags, RESOLVE.IN_ROOT | RESOLVE.NO_MAGICLINKS);
      } catch (error) {
        if (!(error instanceof SystemError)) throw error;
        if (absentErrors.includes(error.errnoName)) return undefined;
        // A mount or rename anywhere in the system while the kernel went over a "..": openat2(2) says to try again.
        if (error.errno !== osConstants.errno.EAGAIN || attempt === openAttemptsMax) throw error;
      }
    }
  }

  /** Makes a directory and those above it, mode 0755, root's. What stands in the way is invalid_argument. */
  makeDirectory(path: string): void {
    const parts = path.split('/').filter((part) => part !== '');
    for (let count = 1; count <= parts.length; count++) {
      const target = parts.slice(0, count).join('/');
      if (this.hasDirectory(target)) continue;
      const parent = this.#openDirectory(parts.slice(0, count - 1).join('/'));
      if (parent === undefined) throw invalidArgument(`Cannot mkdir: /${target} is not a directory`);
      try {
        // One name below an open directory: mkdir follows no link there.
        mkdirSync(`/proc/self/fd/${parent}/${parts[count - 1] ?? ''}`, { mode: 0o755 });
      } catch (error) {
        throw invalidArgument(`Cannot mkdir: /${target} is not a directory`, error);
      } finally {
        closeSync(parent);
      }
    }
  }

  /** The text of a regular file, cut at `maxBytes`; `undefined` if there is none at that path. */
  readText(path: string, maxBytes: number): string | undefined {
    const fd = this.#open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    if (fd === undefined) return undefined;
    try {
      const stats = fstatSync(fd);
      if (!stats.isFile()) return undefined;
      const buffer = Buffer.alloc(Math.min(stats.size, maxBytes));
      return buffer.toString('utf8', 0, readSync(fd, buffer, 0, buffer.length, 0));
    } finally {
      closeSync(fd);
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}
