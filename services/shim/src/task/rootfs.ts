/** The container's root file system: mounted from Create's list, taken away at delete. */
import { mkdirSync } from 'node:fs';
import { join, normalize } from 'node:path';
import { messageOf, unknown } from '@docker-ts/base/errors';
import { MNT_DETACH, readMountInfo, UMOUNT_NOFOLLOW, unmountAll } from '@docker-ts/linux/mount';
import { mountByWords } from '@docker-ts/linux/mount-words';
import type { Mount } from '@docker-ts/rpc/gen/containerd/types/mount';

/** Mounts all entries on `rootfs` in order; on a failure what was mounted is taken away again. */
export function mountRootfs(mounts: readonly Mount[], rootfs: string): void {
  if (mounts.length === 0) return;
  mkdirSync(rootfs, { recursive: true, mode: 0o711 });
  try {
    for (const { type, source, target, options } of mounts) {
      const point = target === '' ? rootfs : join(rootfs, normalize(`/${target}`));
      if (point !== rootfs) mkdirSync(point, { recursive: true });
      mountByWords(type, source, point, options);
    }
  } catch (error) {
    unmountRootfs(rootfs);
    throw unknown(`failed to mount rootfs component: ${messageOf(error)}`, error);
  }
}

/** Takes away everything mounted on `rootfs` and below it, deepest first; nothing mounted is no error. */
export function unmountRootfs(rootfs: string): void {
  const prefix = `${rootfs}/`;
  const points = readMountInfo()
    .map(({ mountPoint }) => mountPoint)
    .filter((point) => point === rootfs || point.startsWith(prefix));
  for (const point of points.sort((a, b) => b.length - a.length)) unmountAll(point, UMOUNT_NOFOLLOW | MNT_DETACH);
}
