/** `GET /system/df`: what containers and images take, as containerd's snapshotter counts it. */
import type { DomainContext } from '../containers/context.ts';
import { listContainers } from '../containers/list.ts';

export async function showDiskUsage(
  context: DomainContext,
  listImages: () => Promise<readonly object[]>,
): Promise<Record<string, unknown>> {
  const [containers, images] = await Promise.all([
    listContainers(context, { all: true, size: true, limit: undefined, filters: new Map() }),
    listImages(),
  ]);
  const layers = images.reduce((total, image) => total + ((image as { Size?: number }).Size ?? 0), 0);
  return { LayersSize: layers, Images: images, Containers: containers, Volumes: [], BuildCache: [] };
}
