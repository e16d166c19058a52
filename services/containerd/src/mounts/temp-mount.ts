/** A list of mounts on a private mount point for the time of one piece of work. */
import { mkdirSync, mkdtempSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { mountAll } from './mount-all.ts';
import type { Mount } from './mount.ts';
import { unmountBelow } from './unmount-below.ts';

export class TempMount implements Disposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Mounts all on a new directory below `parent`; a failure leaves nothing behind. */
  static open(parent: string, mounts: readonly Mount[]): TempMount {
    mkdirSync(parent, { recursive: true, mode: 0o700 });
    const mounted = new TempMount(mkdtempSync(join(parent, 'mount-')));
    try {
      mountAll(mounts, mounted.path);
      return mounted;
    } catch (error) {
      mounted[Symbol.dispose]();
      throw error;
    }
  }

  [Symbol.dispose](): void {
    unmountBelow(this.path);
    rmdirSync(this.path);
  }
}
