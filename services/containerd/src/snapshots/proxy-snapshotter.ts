/** A snapshotter that lives behind the Snapshots service of some containerd. */
import { internal } from '@docker-ts/base/errors';
import {
  type Info,
  Kind,
  type SnapshotsDefinition,
} from '@docker-ts/rpc/gen/containerd/services/snapshots/v1/snapshots';
import type { ClientOf } from '@docker-ts/rpc/service';
import { nsFromTimestamp } from '@docker-ts/rpc/timestamp';
import type { Mount } from '../mounts/mount.ts';
import { fromWireMount } from '../mounts/wire-mount.ts';
import type {
  CommitOptions,
  SnapshotInfo,
  SnapshotKind,
  SnapshotLabels,
  Snapshotter,
  SnapshotUsage,
} from './snapshotter.ts';

const kinds: ReadonlyMap<Kind, SnapshotKind> = new Map([
  [Kind.VIEW, 'view'],
  [Kind.ACTIVE, 'active'],
  [Kind.COMMITTED, 'committed'],
]);

function fromWire(info: Info | undefined): SnapshotInfo {
  const kind = info && kinds.get(info.kind);
  if (!info || !kind) throw internal(`cannot read snapshot "${info?.name ?? ''}": no info or unknown kind`);
  return {
    kind,
    name: info.name,
    parent: info.parent,
    labels: info.labels,
    createdNs: info.createdAt ? nsFromTimestamp(info.createdAt) : 0n,
    updatedNs: info.updatedAt ? nsFromTimestamp(info.updatedAt) : 0n,
  };
}

export class ProxySnapshotter implements Snapshotter {
  readonly #client: ClientOf<typeof SnapshotsDefinition>;
  readonly #snapshotter: string;

  /** `client` carries the namespace in its metadata and stays the caller's to close. */
  constructor(client: ClientOf<typeof SnapshotsDefinition>, snapshotter: string) {
    this.#client = client;
    this.#snapshotter = snapshotter;
  }

  async stat(key: string): Promise<SnapshotInfo> {
    return fromWire((await this.#client.stat({ snapshotter: this.#snapshotter, key })).info);
  }

  async update(name: string, labels: SnapshotLabels, fieldPaths: readonly string[]): Promise<SnapshotInfo> {
    const { info } = await this.#client.update({
      snapshotter: this.#snapshotter,
      info: { name, labels },
      ...(fieldPaths.length > 0 && { updateMask: [...fieldPaths] }),
    });
    return fromWire(info);
  }

  async usage(key: string): Promise<SnapshotUsage> {
    const { size, inodes } = await this.#client.usage({ snapshotter: this.#snapshotter, key });
    return { sizeBytes: size, inodes };
  }

  async mounts(key: string): Promise<readonly Mount[]> {
    return (await this.#client.mounts({ snapshotter: this.#snapshotter, key })).mounts.map(fromWireMount);
  }

  async prepare(key: string, parent: string, labels: SnapshotLabels): Promise<readonly Mount[]> {
    const request = { snapshotter: this.#snapshotter, key, parent, labels };
    return (await this.#client.prepare(request)).mounts.map(fromWireMount);
  }

  async view(key: string, parent: string, labels: SnapshotLabels): Promise<readonly Mount[]> {
    const request = { snapshotter: this.#snapshotter, key, parent, labels };
    return (await this.#client.view(request)).mounts.map(fromWireMount);
  }

  async commit(name: string, key: string, options: CommitOptions): Promise<void> {
    await this.#client.commit({ snapshotter: this.#snapshotter, name, key, ...options });
  }

  async remove(key: string): Promise<void> {
    await this.#client.remove({ snapshotter: this.#snapshotter, key });
  }

  async list(): Promise<readonly SnapshotInfo[]> {
    const found: SnapshotInfo[] = [];
    for await (const { info } of this.#client.list({ snapshotter: this.#snapshotter })) {
      found.push(...info.map(fromWire));
    }
    return found;
  }

  async cleanup(): Promise<void> {
    await this.#client.cleanup({ snapshotter: this.#snapshotter });
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
