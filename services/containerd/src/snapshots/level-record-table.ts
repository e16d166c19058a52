/** A record table in a sublevel of the daemon's `level` database. */
import type { RecordChange, RecordTable } from './record-table.ts';

/** The part of abstract-level that is needed here; a database opened with utf8 keys and values, and its sublevels, fit. */
export interface StringDatabase {
  iterator(): AsyncIterable<[string, string]>;
  batch(
    operations: ({ type: 'put'; key: string; value: string } | { type: 'del'; key: string })[],
    options: { sync: boolean },
  ): Promise<void>;
}

export class LevelRecordTable<Row> implements RecordTable<Row> {
  readonly #database: StringDatabase;

  constructor(database: StringDatabase) {
    this.#database = database;
  }

  async load(): Promise<readonly (readonly [string, Row])[]> {
    const rows: (readonly [string, Row])[] = [];
    for await (const [key, value] of this.#database.iterator()) rows.push([key, JSON.parse(value) as Row]);
    return rows;
  }

  async write(changes: readonly RecordChange<Row>[], options: { readonly durable: boolean }): Promise<void> {
    const operations = changes.map(({ key, row }) =>
      row === undefined ? { type: 'del' as const, key } : { type: 'put' as const, key, value: JSON.stringify(row) },
    );
    await this.#database.batch(operations, { sync: options.durable });
  }
}
