/**
 * The records of one snapshotter (containerd core/snapshots/storage): which snapshots there are, under which number their directory
 * lies, who builds on whom. Every change is checked, written and then shown, one after the other, so that what `load` finds
 * after a crash is always one of the states that callers saw.
 *
 *     key or name → { id, kind, parent, labels, createdNs, updatedNs, sizeBytes?, inodes? }
 */
import { alreadyExists, failedPrecondition, invalidArgument, notFound } from '@docker-ts/base/errors';
import { Mutex } from '@docker-ts/base/mutex';
import { updateLabels } from './labels.ts';
import type { RecordTable } from './record-table.ts';
import type { CommitOptions, SnapshotInfo, SnapshotKind, SnapshotLabels, SnapshotUsage } from './snapshotter.ts';

/** As stored; 64-bit numbers are decimal strings because JSON has none. */
export interface SnapshotRow {
  readonly id: number;
  readonly kind: SnapshotKind;
  readonly parent: string;
  readonly labels: SnapshotLabels;
  readonly createdNs: string;
  readonly updatedNs: string;
  readonly sizeBytes?: string;
  readonly inodes?: string;
}

/** A snapshot as its directories are concerned: own number and those of its parents, nearest first. */
export interface SnapshotChain {
  readonly id: string;
  readonly kind: SnapshotKind;
  readonly parentIds: readonly string[];
}

const nowNs = (): string => (BigInt(Date.now()) * 1_000_000n).toString();

const infoOf = (name: string, row: SnapshotRow): SnapshotInfo => ({
  kind: row.kind,
  name,
  parent: row.parent,
  labels: row.labels,
  createdNs: BigInt(row.createdNs),
  updatedNs: BigInt(row.updatedNs),
});

export class SnapshotRecords {
  readonly #table: RecordTable<SnapshotRow>;
  readonly #rows = new Map<string, SnapshotRow>();
  readonly #childCount = new Map<string, number>();
  readonly #changes = new Mutex();
  #lastId = 0;

  private constructor(table: RecordTable<SnapshotRow>) {
    this.#table = table;
  }

  static async open(table: RecordTable<SnapshotRow>): Promise<SnapshotRecords> {
    const records = new SnapshotRecords(table);
    for (const [name, row] of await table.load()) records.#put(name, row);
    return records;
  }

  /** @throws not_found. */
  stat(key: string): SnapshotInfo {
    return infoOf(key, this.#row(key));
  }

  list(): SnapshotInfo[] {
    return [...this.#rows].map(([name, row]) => infoOf(name, row)).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** The numbers of all directories that belong to a snapshot. */
  ids(): Set<string> {
    return new Set([...this.#rows.values()].map((row) => String(row.id)));
  }

  /** @throws not_found. */
  chain(key: string): SnapshotChain {
    const row = this.#row(key);
    return { id: String(row.id), kind: row.kind, parentIds: this.#parentIds(row.parent) };
  }

  /** The usage noted at commit; undefined for what is not committed. @throws not_found. */
  committedUsage(key: string): SnapshotUsage | undefined {
    const { kind, sizeBytes, inodes } = this.#row(key);
    return kind === 'committed' ? { sizeBytes: BigInt(sizeBytes ?? 0), inodes: BigInt(inodes ?? 0) } : undefined;
  }

  /** A number for a new snapshot, never given twice in the life of the process. */
  nextId(): string {
    this.#lastId += 1;
    return String(this.#lastId);
  }

  /** Checks that `create` would succeed now. */
  checkCreate(key: string, parent: string): readonly string[] {
    if (parent !== '') {
      const parentRow = this.#rows.get(parent);
      if (!parentRow) throw notFound(`missing parent "${parent}" bucket: not found`);
      if (parentRow.kind !== 'committed') {
        throw invalidArgument(`parent "${parent}" is not committed snapshot: invalid argument`);
      }
    }
    if (this.#rows.has(key)) throw alreadyExists(`snapshot ${key}: already exists`);
    return this.#parentIds(parent);
  }

  /** Records a new active snapshot or view; `publish` moves its directory into place right before. */
  create(
    snapshot: { key: string; id: string; kind: 'active' | 'view'; parent: string; labels: SnapshotLabels },
    publish: () => void,
  ): Promise<SnapshotChain> {
    return this.#changes.run(async () => {
      const parentIds = this.checkCreate(snapshot.key, snapshot.parent);
      publish();
      const { key, id, kind, parent, labels } = snapshot;
      const time = nowNs();
      const row: SnapshotRow = { id: Number(id), kind, parent, labels, createdNs: time, updatedNs: time };
      // not durable: a power cut takes the container's process too, and the durable write of what names the snapshot carries this along
      await this.#table.write([{ key, row }], { durable: false });
      this.#put(key, row);
      return { id, kind, parentIds };
    });
  }

  commit(name: string, key: string, usage: SnapshotUsage, options: CommitOptions): Promise<void> {
    return this.#changes.run(async () => {
      if (this.#rows.has(name)) throw alreadyExists(`committed snapshot ${name}: already exists`);
      const active = this.#rows.get(key);
      if (!active) throw notFound(`failed to get active snapshot "${key}": not found`);
      if (active.kind !== 'active') throw failedPrecondition(`snapshot "${key}" is not active: failed precondition`);
      const time = nowNs();
      const row: SnapshotRow = {
        id: active.id,
        kind: 'committed',
        parent: this.#committedParent(key, active.parent, options.parent ?? ''),
        labels: options.labels ?? {},
        createdNs: time,
        updatedNs: time,
        sizeBytes: usage.sizeBytes.toString(),
        inodes: usage.inodes.toString(),
      };
      await this.#table.write([{ key }, { key: name, row }], { durable: true });
      this.#delete(key);
      this.#put(name, row);
    });
  }

  update(name: string, labels: SnapshotLabels, fieldPaths: readonly string[]): Promise<SnapshotInfo> {
    return this.#changes.run(async () => {
      const row = this.#row(name);
      const next = { ...row, labels: updateLabels(name, row.labels, labels, fieldPaths), updatedNs: nowNs() };
      await this.#table.write([{ key: name, row: next }], { durable: false });
      this.#rows.set(name, next);
      return infoOf(name, next);
    });
  }

  /** Takes the record away and answers the number of its directory. */
  remove(key: string): Promise<string> {
    return this.#changes.run(async () => {
      const row = this.#rows.get(key);
      if (!row) throw notFound(`failed to remove snapshot ${key}: snapshot ${key}: not found`);
      if ((this.#childCount.get(key) ?? 0) > 0) {
        throw failedPrecondition(
          `failed to remove snapshot ${key}: cannot remove snapshot with child: failed precondition`,
        );
      }
      await this.#table.write([{ key }], { durable: false });
      this.#delete(key);
      return String(row.id);
    });
  }

  #committedParent(key: string, own: string, wanted: string): string {
    if (wanted === '' || wanted === own) return own;
    if (own !== '') {
      throw invalidArgument(`cannot change parent of active snapshot "${key}" on commit: invalid argument`);
    }
    const parent = this.#rows.get(wanted);
    if (!parent) throw notFound(`missing parent "${wanted}" of snapshot "${key}": not found`);
    if (parent.kind !== 'committed') {
      throw failedPrecondition(`parent "${wanted}" is not committed: failed precondition`);
    }
    return wanted;
  }

  #row(key: string): SnapshotRow {
    const row = this.#rows.get(key);
    if (!row) throw notFound(`snapshot ${key} does not exist: not found`);
    return row;
  }

  #parentIds(parent: string): string[] {
    const ids: string[] = [];
    for (let name = parent; name !== '';) {
      const row = this.#row(name);
      ids.push(String(row.id));
      name = row.parent;
    }
    return ids;
  }

  #put(name: string, row: SnapshotRow): void {
    this.#rows.set(name, row);
    this.#lastId = Math.max(this.#lastId, row.id);
    if (row.parent !== '') this.#childCount.set(row.parent, (this.#childCount.get(row.parent) ?? 0) + 1);
  }

  #delete(name: string): void {
    const row = this.#rows.get(name);
    this.#rows.delete(name);
    if (!row || row.parent === '') return;
    const left = (this.#childCount.get(row.parent) ?? 1) - 1;
    if (left > 0) this.#childCount.set(row.parent, left);
    else this.#childCount.delete(row.parent);
  }
}
