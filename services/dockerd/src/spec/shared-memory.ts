/**
 * /dev/shm of containers that share it (`--ipc shareable`): a tmpfs on the host that outlives neither the container's run nor,
 * at the latest, the next start of any container. A private /dev/shm is the runtime's own and never shows here.
 *
 *     <exec-root>/shm/<container id>/      tmpfs, mode 1777
 */
import { MS, mount, readMountInfo, unmountAll } from '@docker-ts/linux/mount';
import { mkdirSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';

export class SharedMemory {
  readonly #root: string;

  constructor(execRoot: string) {
    this.#root = join(execRoot, 'shm');
  }

  /** Where the container's tmpfs is, or would be. */
  path(containerId: string): string {
    return join(this.#root, containerId);
  }

  has(containerId: string): boolean {
    return readMountInfo().some(({ mountPoint }) => mountPoint === this.path(containerId));
  }

  /** Mounts an empty tmpfs and answers its path; an old one goes first. */
  mount(containerId: string, sizeBytes: number): string {
    const path = this.path(containerId);
    mkdirSync(path, { recursive: true, mode: 0o700 });
    unmountAll(path);
    mount('shm', path, 'tmpfs', MS.NOEXEC | MS.NOSUID | MS.NODEV, `mode=1777,size=${sizeBytes}`);
    return path;
  }

  /** Takes the tmpfs away; none is fine. */
  release(containerId: string): void {
    const path = this.path(containerId);
    unmountAll(path);
    try {
      rmdirSync(path);
    } catch {
      // Was never made.
    }
  }

  /** Releases the tmpfs of each container that does not run. */
  sweep(isRunning: (containerId: string) => boolean): void {
    let ids: string[];
    try {
      ids = readdirSync(this.#root);
    } catch {
      return;
    }
    for (const id of ids) if (!isRunning(id)) this.release(id);
  }
}
