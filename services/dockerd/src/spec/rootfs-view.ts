/**
 * A look into a container's file system before it runs: the layers of its snapshot as one read-only tree that has no path. The
 * overlay is mounted for the blink of an eye, opened, and taken out of the tree again; the descriptor keeps it until disposal.
 * The writable layer goes in as the topmost read-only one, so that its work folder is not touched.
 *
 * Files are opened as a process whose / is the container's root would open them (openat2, RESOLVE_IN_ROOT): links in an image
 * never lead to the host.
 */
import { failedPrecondition } from '@docker-ts/base/errors';
import { SystemError } from '@docker-ts/linux/libc';
import { MNT_DETACH, mount, MS, unmount } from '@docker-ts/linux/mount';
import { O_PATH, openat2, RESOLVE } from '@docker-ts/linux/openat2';
import type { Mount } from '@docker-ts/rpc/gen/containerd/types/mount';
import { closeSync, constants, fstatSync, mkdtempSync, openSync, readSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';

const optionValue = (options: readonly string[], key: string): string | undefined =>
  options.find((option) => option.startsWith(`${key}=`))?.slice(key.length + 1);

/** Mounted data of mount(2) ends at a page; the layers' options beyond that need shorter paths. */
const mountDataMax = 4095;

function overlayData({ options }: Mount): string {
  const upper = optionValue(options, 'upperdir');
  const lower = optionValue(options, 'lowerdir') ?? '';
  const kept = options.filter((option) => option === 'userxattr' || option.startsWith('index='));
  const data = [...kept, `lowerdir=${upper === undefined ? lower : `${upper}:${lower}`}`].join(',');
  if (data.length > mountDataMax)
    throw failedPrecondition('cannot look into the container: too many layers for one mount');
  return data;
}

export class RootfsView implements Disposable {
  readonly #fd: number;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** `scratch` is a folder of the daemon's own on a file system that allows mount points. */
  static open(mounts: readonly Mount[], scratch: string): RootfsView {
    const [only, ...more] = mounts;
    if (only === undefined || more.length > 0)
      throw failedPrecondition(`cannot look into the container: its snapshot has ${mounts.length} mounts`);
    if (only.type === 'bind') return new RootfsView(openSync(only.source, constants.O_DIRECTORY | O_PATH));
    if (only.type !== 'overlay')
      throw failedPrecondition(`cannot look into the container: its snapshot is mounted as "${only.type}"`);
    const folder = mkdtempSync(join(scratch, 'view-'));
    try {
      mount('overlay', folder, 'overlay', MS.RDONLY | MS.NODEV | MS.NOSUID | MS.NOEXEC, overlayData(only));
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

  /** The text of a regular file, cut at `maxBytes`; `undefined` if there is none at that path. */
  readText(path: string, maxBytes: number): string | undefined {
    let fd: number;
    try {
      const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
      fd = openat2(this.#fd, path.replace(/^\/+/, ''), flags, RESOLVE.IN_ROOT | RESOLVE.NO_MAGICLINKS);
    } catch (error) {
      if (error instanceof SystemError && ['ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES', 'ENXIO'].includes(error.errnoName))
        return undefined;
      throw error;
    }
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
