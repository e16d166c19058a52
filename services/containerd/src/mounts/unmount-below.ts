/** Takes away everything mounted on a directory and beneath it, deepest first. */
import { MNT_DETACH, readMountInfo, unmountAll, UMOUNT_NOFOLLOW } from '@docker-ts/linux/mount';

/**
 * Unmounts `path` and all mount points below it; none is no error. `path` must be absolute and without symbolic links, as the
 * kernel tells it.
 */
export function unmountBelow(path: string): void {
  const prefix = `${path}/`;
  const points = readMountInfo()
    .map(({ mountPoint }) => mountPoint)
    .filter((point) => point === path || point.startsWith(prefix));
  for (const point of points.sort((a, b) => b.length - a.length)) unmountAll(point, UMOUNT_NOFOLLOW | MNT_DETACH);
}
