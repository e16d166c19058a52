/**
 * What the daemon itself knows of the snapshots of one snapshotter, namespace by namespace. All rows are in memory; a change is written
 * before it shows.
 *
 *     <namespace>/<key> → { backend, parent, labels, createdNs, updatedNs }
 */
import { notFound } from '@docker-ts/base/errors';
import type { RecordTable } from './record-table.ts';
import type { SnapshotLabels } from './snapshotter.ts';

/** As stored. */
export interface NamespacedRow {
  /** The key or name in the snapshotter below. */
  readonly backend: string;
  readonly parent: string;
  readonly labels: SnapshotLabels;
  readonly createdNs: string;
  readonly updatedNs: string;
}

/** A row and where it belongs. */
export interface NamespacedRecord {
  readonly namespace: string;
  readonly key: string;
  readonly row: NamespacedRow;
}

export class NamespacedRecords {
  readonly #table: RecordTable<NamespacedRow>;
  readonly #namespaces = new Map<string, Map<string, NamespacedRow>>();

  private constructor(table: RecordTable<NamespacedRow>) {
    this.#table = table;
  }

  static async open(table: RecordTable<NamespacedRow>): Promise<NamespacedRecords> {
    const records = new NamespacedRecords(table);
    for (const [path, row] of await table.load()) {
      const slash = path.indexOf('/');
      records.#rowsOf(path.slice(0, slash)).set(path.slice(slash + 1), row);
    }
    return records;
  }

  has(namespace: string, key: string): boolean {
    return this.#namespaces.get(namespace)?.has(key) ?? false;
  }

  /** @throws not_found. */
  get(namespace: string, key: string): NamespacedRow {
    const row = this.#namespaces.get(namespace)?.get(key);
    if (!row) throw notFound(`snapshot ${key} does not exist: not found`);
    return row;
  }

  /** @throws not_found, told of a parent. */
  parent(namespace: string, key: string): NamespacedRow {
    if (!this.has(namespace, key)) throw notFound(`parent snapshot ${key} does not exist: not found`);
    return this.get(namespace, key);
  }

  hasChildren(namespace: string, key: string): boolean {
    for (const row of this.#rowsOf(namespace).values()) if (row.parent === key) return true;
    return false;
  }

  /** The rows of a namespace in the order of their keys. */
  list(namespace: string): (readonly [key: string, row: NamespacedRow])[] {
    return [...this.#rowsOf(namespace)].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  *all(): Generator<NamespacedRecord> {
    for (const [namespace, rows] of this.#namespaces) {
      for (const [key, row] of rows) yield { namespace, key, row };
    }
  }

  /** Puts rows, or deletes those given without one: all or none. */
  async write(
    namespace: string,
    changes: readonly (readonly [key: string, row?: NamespacedRow])[],
    durable: boolean,
  ): Promise<void> {
    await this.#table.write(
      changes.map(([key, row]) => ({ key: `${namespace}/${key}`, ...(row && { row }) })),
      { durable },
    );
    const rows = this.#rowsOf(namespace);
    for (const [key, row] of changes) {
      if (row) rows.set(key, row);
      else rows.delete(key);
    }
  }

  /** Takes a row out of sight at once; it stays stored until it is written away. Undefined if there is none. */
  hide(namespace: string, key: string): NamespacedRecord | undefined {
    const rows = this.#rowsOf(namespace);
    const row = rows.get(key);
    if (!row) return undefined;
    rows.delete(key);
    return { namespace, key, row };
  }

  /** Shows a hidden row again, unless its key has been taken meanwhile. */
  show({ namespace, key, row }: NamespacedRecord): void {
    const rows = this.#rowsOf(namespace);
    if (!rows.has(key)) rows.set(key, row);
  }

  #rowsOf(namespace: string): Map<string, NamespacedRow> {
    let rows = this.#namespaces.get(namespace);
    if (!rows) this.#namespaces.set(namespace, (rows = new Map()));
    return rows;
  }
}

/** Records before those of the parents that they build on. */
export function childrenFirst(records: readonly NamespacedRecord[]): NamespacedRecord[] {
  const byPath = new Map(records.map((record) => [`${record.namespace}/${record.key}`, record]));
  const depth = ({ namespace, row }: NamespacedRecord): number => {
    const parent = byPath.get(`${namespace}/${row.parent}`);
    return row.parent === '' || !parent ? 0 : depth(parent) + 1;
  };
  return records
    .map((record) => ({ record, depth: depth(record) }))
    .sort((a, b) => b.depth - a.depth)
    .map(({ record }) => record);
}
