/** The events of snapshots: /snapshot/prepare, /snapshot/commit, /snapshot/remove (containerd.events). A view makes none. */
import { packAny } from '@docker-ts/rpc/any';
import { SnapshotCommit, SnapshotPrepare, SnapshotRemove } from '@docker-ts/rpc/gen/containerd/events/snapshot';
import type { EventPublisher } from '../events/publisher.ts';

export interface SnapshotEvents {
  prepared(namespace: string, key: string, parent: string, snapshotter: string): void;
  committed(namespace: string, key: string, name: string, snapshotter: string): void;
  removed(namespace: string, key: string, snapshotter: string): void;
}

/** Tells a publisher what happens to snapshots. */
export function snapshotEvents(publisher: EventPublisher): SnapshotEvents {
  return {
    prepared: (namespace, key, parent, snapshotter) =>
      publisher.publish(namespace, '/snapshot/prepare', packAny(SnapshotPrepare, { key, parent, snapshotter })),
    committed: (namespace, key, name, snapshotter) =>
      publisher.publish(namespace, '/snapshot/commit', packAny(SnapshotCommit, { key, name, snapshotter })),
    removed: (namespace, key, snapshotter) =>
      publisher.publish(namespace, '/snapshot/remove', packAny(SnapshotRemove, { key, snapshotter })),
  };
}
