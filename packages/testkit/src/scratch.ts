/** A temporary folder with an owner: gone when disposed, and it refuses to go while something is still mounted in it. */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { failedPrecondition } from '@docker-ts/base/errors';
import { readMountInfo } from '@docker-ts/linux/mount';

export const scratchPrefix = 'docker-ts-';

/** Short paths: a unix socket's path ends at 107 bytes (unix(7)). */
export class Scratch implements Disposable {
  readonly path: string;

  constructor(purpose: string) {
    this.path = realpathSync(mkdtempSync(join(tmpdir(), `${scratchPrefix}${purpose}-`)));
  }

  join(...parts: string[]): string {
    return join(this.path, ...parts);
  }

  /** Mount points at or below the folder. */
  mounts(): string[] {
    return readMountInfo()
      .map((mount) => mount.mountPoint)
      .filter((point) => point === this.path || point.startsWith(`${this.path}/`));
  }

  [Symbol.dispose](): void {
    const mounts = this.mounts();
    if (mounts.length > 0) {
      throw failedPrecondition(`cannot remove scratch folder "${this.path}": still mounted: ${mounts.join(', ')}`);
    }
    rmSync(this.path, { recursive: true, force: true });
  }
}
