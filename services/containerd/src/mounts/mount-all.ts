/** A list of mounts, one over the other, below one directory. */
import { mkdirSync } from 'node:fs';
import { posix } from 'node:path';
import { mountByWords } from '@docker-ts/linux/mount-words';
import type { Mount } from './mount.ts';

/** Mounts all in order on `root`; a failure leaves those before it mounted. `target`s are made where they are missing. */
export function mountAll(mounts: readonly Mount[], root: string): void {
  for (const { type, source, target, options } of mounts) {
    const point = target === '' ? root : `${root}${posix.normalize(`/${target}`)}`;
    if (point !== root) mkdirSync(point, { recursive: true });
    mountByWords(type, source, point, options);
  }
}
