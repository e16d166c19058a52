/**
 * A table of the metadata: rows by scope (mostly a namespace) and id. All rows are in memory, so that reads never wait and a
 * transaction is an ordinary synchronous function; the journal brings changes to the disk. A daemon's metadata is small: a container
 * is some 10 KiB, everything else less than one.
 *
 * Rows are immutable values: a change replaces the row.
 */
export interface RowCodec<Row> {
  /** What JSON can hold. */
  toJson(row: Row): unknown;
  fromJson(json: unknown): Row;
}

/** Reading side of a table. */
export class Table<Row> {
  readonly name: string;
  readonly codec: RowCodec<Row>;
  readonly #scopes = new Map<string, Map<string, Row>>();
  #removals = 0;

  constructor(name: string, codec: RowCodec<Row>) {
    this.name = name;
    this.codec = codec;
  }

  get(scope: string, id: string): Row | undefined {
    return this.#scopes.get(scope)?.get(id);
  }

  has(scope: string, id: string): boolean {
    return this.#scopes.get(scope)?.has(id) ?? false;
  }

  /** True if the scope has no row. */
  isEmpty(scope: string): boolean {
    return !this.#scopes.has(scope);
  }

  /** The rows of a scope in the order of their ids. */
  list(scope: string): [id: string, row: Row][] {
    return [...(this.#scopes.get(scope) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  /** The rows of a scope in no order. */
  rows(scope: string): Iterable<[id: string, row: Row]> {
    return this.#scopes.get(scope) ?? [];
  }

  /** Scopes that have rows. */
  scopes(): Iterable<string> {
    return this.#scopes.keys();
  }

  /** How many rows have been taken away since the table was loaded. */
  get removals(): number {
    return this.#removals;
  }

  /** Puts a row, or takes it away; only loading and transactions do this. Answers the row that was there. */
  replace(scope: string, id: string, row: Row | undefined): Row | undefined {
    const rows = this.#scopes.get(scope);
    const previous = rows?.get(id);
    if (row !== undefined) {
      if (rows) rows.set(id, row);
      else this.#scopes.set(scope, new Map([[id, row]]));
    } else if (rows?.delete(id)) {
      this.#removals += 1;
      if (rows.size === 0) this.#scopes.delete(scope);
    }
    return previous;
  }
}
