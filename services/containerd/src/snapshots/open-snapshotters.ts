/** The daemon's snapshotters, put together: `overlayfs` where the kernel has it, `native` everywhere. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EventPublisher } from '../events/publisher.ts';
import { holdResource, releaseResource } from '../leases/lease-resources.ts';
import type { Metadata } from '../metadata/metadata.ts';
import { LevelRecordTable } from './level-record-table.ts';
import { NamespacedSnapshots, type SnapshotHolds } from './namespaced-snapshots.ts';
import { openNativeSnapshotter } from './native/native-layout.ts';
import { openOverlaySnapshotter } from './overlayfs/overlay-layout.ts';
import { snapshotEvents } from './snapshot-events.ts';
import type { Snapshotter } from './snapshotter.ts';

export interface SnapshottersOptions {
  /** The daemon's root; each snapshotter has `io.containerd.snapshotter.v1.<name>` below it. */
  readonly root: string;
  readonly metadata: Metadata;
  readonly publisher: EventPublisher;
  /** Told about files that could not be removed in the background. */
  readonly onError: (error: unknown) => void;
}

/** The folder of a snapshotter. */
export const snapshotterRoot = (root: string, name: string): string =>
  join(root, `io.containerd.snapshotter.v1.${name}`);

function kernelHasOverlayfs(): boolean {
  return /^nodev\toverlay$/m.test(readFileSync('/proc/filesystems', 'utf8'));
}

function snapshotHolds(metadata: Metadata): SnapshotHolds {
  return {
    hold: (scope, snapshotter, id) =>
      metadata.update(false, (transaction) => {
        metadata.ensureNamespace(transaction, scope.namespace);
        holdResource(transaction, metadata, scope, { type: `snapshots/${snapshotter}`, id });
      }),
    release: (scope, snapshotter, id) =>
      metadata.update(false, (transaction) =>
        releaseResource(transaction, metadata, scope, { type: `snapshots/${snapshotter}`, id }),
      ),
  };
}

/** Opens the snapshotters; each is disposed of by its owner. */
export async function openSnapshotters(
  options: SnapshottersOptions,
): Promise<ReadonlyMap<string, NamespacedSnapshots>> {
  const { metadata, publisher, onError } = options;
  const holds = snapshotHolds(metadata);
  const events = snapshotEvents(publisher);
  const open = async (
    name: string,
    openBackend: (backend: {
      root: string;
      table: LevelRecordTable<never>;
      onError: typeof onError;
    }) => Promise<Snapshotter>,
  ): Promise<[string, NamespacedSnapshots]> => {
    const root = snapshotterRoot(options.root, name);
    mkdirSync(root, { recursive: true, mode: 0o700 });
    const table = new LevelRecordTable<never>(metadata.section(`snapshotters/${name}`));
    const backend = await openBackend({ root, table, onError });
    const records = new LevelRecordTable<never>(metadata.section(`snapshots/${name}`));
    return [name, await NamespacedSnapshots.open({ name, backend, table: records, holds, events })];
  };
  const opened = [await open('native', openNativeSnapshotter)];
  if (kernelHasOverlayfs()) opened.unshift(await open('overlayfs', openOverlaySnapshotter));
  return new Map(opened);
}
