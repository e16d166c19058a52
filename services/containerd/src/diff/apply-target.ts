/** Where a layer goes: the directory behind a list of mounts, without mounting anything if that can be seen from the list. */
import type { Mount } from '../mounts/mount.ts';
import { TempMount } from '../mounts/temp-mount.ts';
import type { LayerTarget } from './layer-writer.ts';

export interface ApplyTarget extends LayerTarget, Disposable {}

const option = (mount: Mount, name: string): string | undefined =>
  mount.options.find((text) => text.startsWith(`${name}=`))?.slice(name.length + 1);

/**
 * An overlay's upper directory takes the layer itself, as does the source of a writable bind mount; everything else is mounted below
 * `tempFolder` until the target is disposed of.
 */
export function openApplyTarget(mounts: readonly Mount[], tempFolder: string): ApplyTarget {
  const [mount] = mounts;
  const dispose = { [Symbol.dispose]: (): void => {} };
  if (mount && mounts.length === 1 && mount.target === '') {
    const upper = option(mount, 'upperdir');
    if (mount.type === 'overlay' && upper !== undefined) {
      const parents = option(mount, 'lowerdir')?.split(':') ?? [];
      return { root: upper, whiteouts: 'overlay', parents, ...dispose };
    }
    if (mount.type === 'bind' && !mount.options.includes('ro')) {
      return { root: mount.source, whiteouts: 'remove', parents: [], ...dispose };
    }
  }
  const mounted = TempMount.open(tempFolder, mounts);
  return {
    root: mounted.path,
    whiteouts: 'remove',
    parents: [],
    [Symbol.dispose]: () => mounted[Symbol.dispose](),
  };
}
