/** One change of the metadata: rows are replaced at once in memory, noted for the journal, and can be taken back. */
import type { BatchOperation } from './journal.ts';
import { recordKey } from './schema.ts';
import type { Table } from './table.ts';

export class Transaction {
  readonly operations: BatchOperation[] = [];
  readonly #undo: (() => BatchOperation)[] = [];
  #collectable = false;

  put<Row>(table: Table<Row>, scope: string, id: string, row: Row): void {
    this.#replace(table, scope, id, row);
  }

  delete<Row>(table: Table<Row>, scope: string, id: string): void {
    this.#replace(table, scope, id, undefined);
  }

  /** Says that something lost a reference, so that there may be garbage now. */
  markCollectable(): void {
    this.#collectable = true;
  }

  get collectable(): boolean {
    return this.#collectable;
  }

  /** Puts every row back; answers what restores the same on disk. */
  undo(): BatchOperation[] {
    return this.#undo
      .splice(0)
      .toReversed()
      .map((undo) => undo());
  }

  #replace<Row>(table: Table<Row>, scope: string, id: string, row: Row | undefined): void {
    const previous = table.replace(scope, id, row);
    const key = recordKey(table.name, scope, id);
    const operation = (value: Row | undefined): BatchOperation =>
      value === undefined
        ? { type: 'del', key }
        : { type: 'put', key, value: JSON.stringify(table.codec.toJson(value)) };
    this.operations.push(operation(row));
    this.#undo.push(() => {
      table.replace(scope, id, previous);
      return operation(previous);
    });
  }
}
