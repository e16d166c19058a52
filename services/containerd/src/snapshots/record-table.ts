/**
 * Where a store of this folder keeps its rows: a small ordered table of JSON documents. All rows are held in memory by their owner;
 * the table is what brings them back after a restart.
 */
export interface RecordChange<Row> {
  readonly key: string;
  /** Absent: the row is deleted. */
  readonly row?: Row;
}

export interface RecordTable<Row> {
  /** Every row, in the order of the keys' bytes. */
  load(): Promise<readonly (readonly [string, Row])[]>;
  /**
   * Writes all changes or none. `durable` waits for the disk; without it the changes survive the daemon's death at once, and a power
   * cut as soon as any later write to the same database is durable.
   */
  write(changes: readonly RecordChange<Row>[], options: { readonly durable: boolean }): Promise<void>;
}

/** A table that forgets everything with the process: for tests. */
export class MemoryRecordTable<Row> implements RecordTable<Row> {
  readonly #rows = new Map<string, string>();

  load(): Promise<readonly (readonly [string, Row])[]> {
    const rows = [...this.#rows].sort(([a], [b]) => (a < b ? -1 : 1));
    return Promise.resolve(rows.map(([key, row]) => [key, JSON.parse(row) as Row] as const));
  }

  write(changes: readonly RecordChange<Row>[]): Promise<void> {
    for (const { key, row } of changes) {
      if (row === undefined) this.#rows.delete(key);
      else this.#rows.set(key, JSON.stringify(row));
    }
    return Promise.resolve();
  }
}
