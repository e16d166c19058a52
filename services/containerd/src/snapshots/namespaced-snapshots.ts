/**
 * One snapshotter as the clients of a namespace see it (containerd core/metadata/snapshot.go). A client's key `K` in namespace `N` stands for
 * `N/<number>/K` of the snapshotter below, so that namespaces share nothing and a key may be used again at once. Labels, parents and
 * times that clients see are kept here; only `containerd.io/snapshot/…` labels and `containerd.io/snapshot.ref` go down.
 */
import { alreadyExists, failedPrecondition, isCode } from '@docker-ts/base/errors';
import { KeyedMutex } from '@docker-ts/base/mutex';
import type { Mount } from '../mounts/mount.ts';
import { checkLabels, inheritedLabels, snapshotRefLabel, updateLabels } from './labels.ts';
import { childrenFirst, NamespacedRecords, type NamespacedRecord, type NamespacedRow } from './namespaced-records.ts';
import type { RecordTable } from './record-table.ts';
import type { SnapshotEvents } from './snapshot-events.ts';
import type { CommitOptions, SnapshotInfo, SnapshotLabels, Snapshotter, SnapshotUsage } from './snapshotter.ts';

/** Who asks: the namespace, and the lease that new snapshots are to be put on. */
export interface SnapshotScope {
  readonly namespace: string;
  readonly lease?: string;
}

/** What ties snapshots to the rest of the metadata. */
export interface SnapshotHolds {
  /** Puts a snapshot on the lease of the scope, if it has one, and makes the namespace known. @throws not_found for a lost lease. */
  hold(scope: SnapshotScope, snapshotter: string, key: string): Promise<void>;
  /** Takes a snapshot off the lease of the scope, if it has one. */
  release(scope: SnapshotScope, snapshotter: string, key: string): Promise<void>;
}

export interface NamespacedSnapshotsOptions {
  readonly name: string;
  readonly backend: Snapshotter;
  readonly table: RecordTable<NamespacedRow>;
  readonly holds: SnapshotHolds;
  readonly events: SnapshotEvents;
}

const nowNs = (): string => (BigInt(Date.now()) * 1_000_000n).toString();

export class NamespacedSnapshots implements AsyncDisposable {
  readonly name: string;
  readonly #backend: Snapshotter;
  readonly #records: NamespacedRecords;
  readonly #holds: SnapshotHolds;
  readonly #events: SnapshotEvents;
  readonly #locks = new KeyedMutex();
  #sequence = 0;

  private constructor(options: NamespacedSnapshotsOptions, records: NamespacedRecords) {
    this.name = options.name;
    this.#backend = options.backend;
    this.#records = records;
    this.#holds = options.holds;
    this.#events = options.events;
  }

  /**
   * Loads the records and makes both sides agree after a crash between their writes: records without a snapshot are dropped, and
   * snapshots without a record removed.
   */
  static async open(options: NamespacedSnapshotsOptions): Promise<NamespacedSnapshots> {
    const snapshots = new NamespacedSnapshots(options, await NamespacedRecords.open(options.table));
    await snapshots.#reconcile();
    return snapshots;
  }

  async stat(scope: SnapshotScope, key: string): Promise<SnapshotInfo> {
    const row = this.#records.get(scope.namespace, key);
    return this.#merged(key, row, await this.#backend.stat(row.backend));
  }

  update(
    scope: SnapshotScope,
    name: string,
    labels: SnapshotLabels,
    fieldPaths: readonly string[],
  ): Promise<SnapshotInfo> {
    return this.#locks.run(scope.namespace, async () => {
      const row = this.#records.get(scope.namespace, name);
      const next = {
        ...row,
        labels: updateLabels(name, row.labels, labels, fieldPaths),
        updatedNs: nowNs(),
      };
      checkLabels(next.labels);
      const info = await this.#backend.update(row.backend, inheritedLabels(next.labels), []);
      await this.#records.write(scope.namespace, [[name, next]], true);
      return this.#merged(name, next, info);
    });
  }

  usage(scope: SnapshotScope, key: string): Promise<SnapshotUsage> {
    return this.#backend.usage(this.#records.get(scope.namespace, key).backend);
  }

  mounts(scope: SnapshotScope, key: string): Promise<readonly Mount[]> {
    return this.#backend.mounts(this.#records.get(scope.namespace, key).backend);
  }

  async prepare(scope: SnapshotScope, key: string, parent: string, labels: SnapshotLabels): Promise<readonly Mount[]> {
    const mounts = await this.#create('prepare', scope, key, parent, labels);
    this.#events.prepared(scope.namespace, key, parent, this.name);
    return mounts;
  }

  view(scope: SnapshotScope, key: string, parent: string, labels: SnapshotLabels): Promise<readonly Mount[]> {
    return this.#create('view', scope, key, parent, labels);
  }

  async commit(scope: SnapshotScope, name: string, key: string, options: CommitOptions): Promise<void> {
    const { namespace } = scope;
    const labels = options.labels ?? {};
    checkLabels(labels);
    await this.#locks.run(namespace, async () => {
      await this.#holds.hold(scope, this.name, name);
      if (this.#records.has(namespace, name)) throw alreadyExists(`snapshot "${name}": already exists`);
      const active = this.#records.get(namespace, key);
      const rebased = active.parent === '' && options.parent !== undefined && options.parent !== '';
      const parent = rebased ? (options.parent ?? '') : active.parent;
      if (parent !== '') this.#records.parent(namespace, parent);
      const backend = this.#backendKey(namespace, name);
      await this.#backend.commit(backend, active.backend, {
        labels: inheritedLabels(labels),
        ...(rebased && { parent: this.#records.get(namespace, parent).backend }),
      });
      const time = nowNs();
      const row = { backend, parent, labels, createdNs: time, updatedNs: time };
      await this.#records.write(namespace, [[key], [name, row]], true);
      await this.#holds.release(scope, this.name, key);
    });
    this.#events.committed(namespace, key, name, this.name);
  }

  async remove(scope: SnapshotScope, key: string): Promise<void> {
    const { namespace } = scope;
    await this.#locks.run(namespace, async () => {
      const row = this.#records.get(namespace, key);
      if (this.#records.hasChildren(namespace, key)) {
        throw failedPrecondition('cannot remove snapshot with child: failed precondition');
      }
      // below first: if it refuses (a child is being made just now), nothing has changed; after a crash `open` drops the record
      await this.#removeBelow(row);
      await this.#records.write(namespace, [[key]], false);
      await this.#holds.release(scope, this.name, key);
    });
    this.#events.removed(namespace, key, this.name);
  }

  /** All snapshots of the namespace in the order of their keys; those that vanish meanwhile are left out. */
  async *list(scope: SnapshotScope): AsyncGenerator<SnapshotInfo> {
    for (const [key, row] of this.#records.list(scope.namespace)) {
      try {
        yield this.#merged(key, row, await this.#backend.stat(row.backend));
      } catch (error) {
        if (!isCode(error, 'not_found')) throw error;
      }
    }
  }

  /** Every snapshot of every namespace, as the garbage collector wants them: without asking the snapshotter. */
  *records(): Generator<{ namespace: string; key: string; parent: string; labels: SnapshotLabels }> {
    for (const { namespace, key, row } of this.#records.all()) {
      yield { namespace, key, parent: row.parent, labels: row.labels };
    }
  }

  /**
   * Removes garbage for the collector: out of sight before the first wait, for good afterwards, children first. What cannot be
   * removed shows again; the first such failure is thrown at the end.
   */
  async discard(garbage: readonly { readonly namespace: string; readonly key: string }[]): Promise<void> {
    const hidden = garbage.flatMap(({ namespace, key }) => this.#records.hide(namespace, key) ?? []);
    const failures: unknown[] = [];
    for (const snapshot of childrenFirst(hidden)) {
      await this.#locks
        .run(snapshot.namespace, () => this.#discardHidden(snapshot))
        .catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
  }

  cleanup(): Promise<void> {
    return this.#backend.cleanup();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#backend[Symbol.asyncDispose]();
  }

  async #create(
    verb: 'prepare' | 'view',
    scope: SnapshotScope,
    key: string,
    parent: string,
    labels: SnapshotLabels,
  ): Promise<readonly Mount[]> {
    const { namespace } = scope;
    checkLabels(labels);
    const target = labels[snapshotRefLabel];
    return await this.#locks.run(`${namespace}/${key}`, async () => {
      if (target !== undefined) await this.#refuseExisting(scope, target, `target snapshot "${target}"`);
      await this.#refuseExisting(scope, key, `snapshot "${key}"`);
      const parentBackend = parent === '' ? '' : this.#records.parent(namespace, parent).backend;
      const backend = this.#backendKey(namespace, key);
      const mounts = await this.#backend[verb](backend, parentBackend, inheritedLabels(labels));
      try {
        if (parent !== '') this.#records.parent(namespace, parent);
        await this.#holds.hold(scope, this.name, key);
        const time = nowNs();
        const row = { backend, parent, labels, createdNs: time, updatedNs: time };
        await this.#locks.run(namespace, () => this.#records.write(namespace, [[key, row]], false));
      } catch (error) {
        await this.#backend.remove(backend).catch(() => {});
        throw error;
      }
      return mounts;
    });
  }

  /** An existing snapshot is put on the asker's lease before it is told: the asker is going to use it. */
  async #refuseExisting(scope: SnapshotScope, key: string, subject: string): Promise<void> {
    if (!this.#records.has(scope.namespace, key)) return;
    await this.#holds.hold(scope, this.name, key);
    throw alreadyExists(`${subject}: already exists`);
  }

  async #discardHidden(hidden: NamespacedRecord): Promise<void> {
    const { namespace, key, row } = hidden;
    try {
      await this.#removeBelow(row);
    } catch (error) {
      this.#records.show(hidden);
      throw error;
    }
    // somebody may have made a new snapshot under the key meanwhile: that record is not ours to delete
    if (!this.#records.has(namespace, key)) await this.#records.write(namespace, [[key]], false);
    this.#events.removed(namespace, key, this.name);
  }

  /** Removes the snapshot below; that it is gone already is what was wanted. */
  async #removeBelow(row: NamespacedRow): Promise<void> {
    try {
      await this.#backend.remove(row.backend);
    } catch (error) {
      if (!isCode(error, 'not_found')) throw error;
    }
  }

  async #reconcile(): Promise<void> {
    const orphans = new Map((await this.#backend.list()).map((info) => [info.name, info]));
    const lost = [...this.#records.all()].filter(({ row }) => !orphans.delete(row.backend));
    for (const { namespace, key } of lost) await this.#records.write(namespace, [[key]], false);
    // children first: a parent with children cannot be removed
    const remove = async (name: string): Promise<void> => {
      const info = orphans.get(name);
      if (!info) return;
      for (const other of orphans.values()) if (other.parent === name) await remove(other.name);
      orphans.delete(name);
      await this.#backend.remove(name).catch((error: unknown) => {
        if (!isCode(error, 'failed_precondition') && !isCode(error, 'not_found')) throw error;
      });
    };
    for (const name of orphans.keys()) await remove(name);
  }

  #merged(name: string, row: NamespacedRow, info: SnapshotInfo): SnapshotInfo {
    return {
      kind: info.kind,
      name,
      parent: row.parent,
      labels: { ...info.labels, ...row.labels },
      createdNs: BigInt(row.createdNs),
      updatedNs: BigInt(row.updatedNs),
    };
  }

  #backendKey(namespace: string, key: string): string {
    this.#sequence += 1;
    return `${namespace}/${Date.now().toString(36)}.${this.#sequence}/${key}`;
  }
}
