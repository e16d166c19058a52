/** How much a container's own layer takes. */
import { isCode } from '@docker-ts/base/errors';
import type { Container } from './container.ts';
import type { DomainContext } from './context.ts';

/** Bytes of what the container wrote over its image. */
export async function writableSizeBytes({ containerd }: DomainContext, container: Container): Promise<number> {
  const { snapshotter, snapshotKey } = container.record;
  try {
    return Number((await containerd.snapshots.usage({ snapshotter, key: snapshotKey })).size);
  } catch (error) {
    if (isCode(error, 'not_found')) return 0;
    throw error;
  }
}
