/** containerd.services.snapshots.v1.Snapshots: the gRPC edge of the snapshots of all snapshotters. */
import { invalidArgument } from '@docker-ts/base/errors';
import {
  type Info,
  Kind,
  type SnapshotsDefinition,
} from '@docker-ts/rpc/gen/containerd/services/snapshots/v1/snapshots';
import type { CallContext, ServiceImplementation } from '@docker-ts/rpc/service';
import { timestampFromNs } from '@docker-ts/rpc/timestamp';
import { toWireMount } from '../mounts/wire-mount.ts';
import type { NamespacedSnapshots, SnapshotScope } from './namespaced-snapshots.ts';
import type { SnapshotInfo, SnapshotKind } from './snapshotter.ts';

export interface SnapshotsServiceOptions {
  readonly snapshotters: ReadonlyMap<string, NamespacedSnapshots>;
  /** Namespace and lease of a call. @throws failed_precondition or invalid_argument for a missing or bad namespace. */
  readonly scopeOf: (context: CallContext) => SnapshotScope;
  /** containerd's filter language: an item passes if any of the expressions does. @throws invalid_argument. */
  readonly compileFilters: (expressions: readonly string[]) => (field: SnapshotField) => boolean;
}

/** The value at a field path such as `['labels', 'a.b']`; undefined if the snapshot has none. */
export type SnapshotField = (path: readonly string[]) => string | undefined;

/** Snapshots in one message of a List stream, as containerd sends them. */
const listBlock = 100;

const wireKind: Readonly<Record<SnapshotKind, Kind>> = {
  view: Kind.VIEW,
  active: Kind.ACTIVE,
  committed: Kind.COMMITTED,
};

const toWire = (info: SnapshotInfo): Info => ({
  name: info.name,
  parent: info.parent,
  kind: wireKind[info.kind],
  createdAt: timestampFromNs(info.createdNs),
  updatedAt: timestampFromNs(info.updatedNs),
  labels: { ...info.labels },
});

const fieldOf =
  (info: SnapshotInfo): SnapshotField =>
  ([head, ...rest]) => {
    if (head === 'kind') return info.kind;
    if (head === 'name') return info.name;
    if (head === 'parent') return info.parent;
    return head === 'labels' ? info.labels[rest.join('.')] : undefined;
  };

/** The service over the snapshotters of the daemon, by name. */
export function createSnapshotsService(
  options: SnapshotsServiceOptions,
): ServiceImplementation<typeof SnapshotsDefinition> {
  const { scopeOf } = options;
  const named = (name: string): NamespacedSnapshots => {
    if (name === '') throw invalidArgument('snapshotter argument missing: invalid argument');
    const snapshots = options.snapshotters.get(name);
    if (!snapshots) throw invalidArgument(`snapshotter not loaded: ${name}: invalid argument`);
    return snapshots;
  };
  return {
    async prepare({ snapshotter, key, parent, labels }, context) {
      const mounts = await named(snapshotter).prepare(scopeOf(context), key, parent, labels);
      return { mounts: mounts.map(toWireMount) };
    },
    async view({ snapshotter, key, parent, labels }, context) {
      const mounts = await named(snapshotter).view(scopeOf(context), key, parent, labels);
      return { mounts: mounts.map(toWireMount) };
    },
    async mounts({ snapshotter, key }, context) {
      return { mounts: (await named(snapshotter).mounts(scopeOf(context), key)).map(toWireMount) };
    },
    async commit({ snapshotter, name, key, labels, parent }, context) {
      await named(snapshotter).commit(scopeOf(context), name, key, { labels, parent });
      return {};
    },
    async remove({ snapshotter, key }, context) {
      await named(snapshotter).remove(scopeOf(context), key);
      return {};
    },
    async stat({ snapshotter, key }, context) {
      return { info: toWire(await named(snapshotter).stat(scopeOf(context), key)) };
    },
    async update({ snapshotter, info, updateMask }, context) {
      const snapshots = named(snapshotter);
      if (!info || info.name === '') throw invalidArgument('snapshot name missing: invalid argument');
      return { info: toWire(await snapshots.update(scopeOf(context), info.name, info.labels, updateMask ?? [])) };
    },
    async *list({ snapshotter, filters }, context) {
      const snapshots = named(snapshotter);
      const matches = filters.length === 0 ? () => true : options.compileFilters(filters);
      let block: Info[] = [];
      for await (const info of snapshots.list(scopeOf(context))) {
        if (matches(fieldOf(info))) block.push(toWire(info));
        if (block.length < listBlock) continue;
        yield { info: block };
        block = [];
      }
      if (block.length > 0) yield { info: block };
    },
    async usage({ snapshotter, key }, context) {
      const { sizeBytes, inodes } = await named(snapshotter).usage(scopeOf(context), key);
      return { size: sizeBytes, inodes };
    },
    async cleanup({ snapshotter }) {
      await named(snapshotter).cleanup();
      return {};
    },
  };
}
