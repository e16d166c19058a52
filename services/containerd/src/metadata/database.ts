/**
 * The daemon's metadata in one `level` database (layout: `schema.ts`).
 *
 * A transaction is a synchronous function over the tables, so no other change can come between; its changes are seen at once
 * and written by the journal as one atomic batch. A reader can thus see a change some microseconds before it is on disk; whoever made it
 * is answered only afterwards. If the write fails, the change is taken back as if it had never been.
 *
 * LevelDB's lock file makes sure that a second daemon on the same root is refused.
 */
import { failedPrecondition, internal, messageOf } from '@docker-ts/base/errors';
import { ClassicLevel } from 'classic-level';
import { type BatchOperation, Journal } from './journal.ts';
import { keyRange, schemaKey, schemaVersion, splitRecordKey } from './schema.ts';
import { type RowCodec, Table } from './table.ts';
import { Transaction } from './transaction.ts';

export interface UpdateOptions {
  /** Wait for fsync: for what must survive a power cut. Without it a change survives the daemon's death only. */
  readonly durable: boolean;
}

/** A range of keys that another part of the daemon keeps for itself. */
export interface Section {
  iterator(): AsyncIterable<[string, string]>;
  batch(operations: BatchOperation[], options: { sync: boolean }): Promise<void>;
}

/** Told after each transaction; `collectable` if there may be garbage now. */
export type MutationListener = (collectable: boolean) => void;

export interface MetadataDatabaseOptions {
  readonly path: string;
  /** Told of a background flush that failed. */
  readonly onError?: (error: unknown) => void;
}

export class MetadataDatabase implements AsyncDisposable {
  readonly #level: ClassicLevel;
  readonly #journal: Journal;
  readonly #listeners = new Set<MutationListener>();
  readonly #path: string;

  private constructor(level: ClassicLevel, options: MetadataDatabaseOptions) {
    this.#level = level;
    this.#path = options.path;
    this.#journal = new Journal(
      {
        batch: (operations, { sync }) => level.batch(operations, { sync }),
        reopen: async () => {
          await level.close();
          await level.open();
        },
      },
      options.onError,
    );
  }

  /**
   * @throws failed_precondition if another daemon has it open, or a newer version wrote it.
   */
  static async open(options: MetadataDatabaseOptions): Promise<MetadataDatabase> {
    const level = new ClassicLevel(options.path);
    try {
      await level.open();
    } catch (error) {
      throw openFailure(options.path, error);
    }
    const database = new MetadataDatabase(level, options);
    try {
      await database.#checkSchema();
    } catch (error) {
      await level.close();
      throw error;
    }
    return database;
  }

  /** Loads a table. Open each table once. */
  async table<Row>(name: string, codec: RowCodec<Row>): Promise<Table<Row>> {
    const table = new Table(name, codec);
    for await (const [key, value] of this.#level.iterator(keyRange(name))) {
      const { scope, id } = splitRecordKey(name, key);
      try {
        table.replace(scope, id, codec.fromJson(JSON.parse(value)));
      } catch (error) {
        throw internal(`cannot read metadata record "${key}": ${messageOf(error)}`, error);
      }
    }
    return table;
  }

  /** A part of the key space for rows that are not tables of this class; `name` may hold slashes. */
  section(name: string): Section {
    const prefix = `${name}/`;
    const level = this.#level;
    return {
      async *iterator() {
        for await (const [key, value] of level.iterator(keyRange(name))) yield [key.slice(prefix.length), value];
      },
      batch: (operations, { sync }) =>
        this.#journal.append({
          operations: operations.map((operation) => ({ ...operation, key: prefix + operation.key })),
          durable: sync,
        }),
    };
  }

  /**
   * Runs a transaction and settles with its result when it is written. If `change` throws, or the write fails, nothing has happened.
   * @throws resource_exhausted if the disk is full.
   */
  async update<T>(change: (transaction: Transaction) => T, options: UpdateOptions): Promise<T> {
    const transaction = new Transaction();
    let result: T;
    try {
      result = change(transaction);
    } catch (error) {
      transaction.undo();
      throw error;
    }
    if (transaction.operations.length > 0) {
      const { operations } = transaction;
      await this.#journal.append({ operations, durable: options.durable, undo: () => transaction.undo() });
      for (const listener of this.#listeners) listener(transaction.collectable);
    }
    return result;
  }

  onMutation(listener: MutationListener): void {
    this.#listeners.add(listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listeners.clear();
    await this.#journal[Symbol.asyncDispose]();
    await this.#level.close();
  }

  async #checkSchema(): Promise<void> {
    const value = await this.#level.get(schemaKey);
    if (value === undefined) {
      await this.#level.put(schemaKey, JSON.stringify({ version: schemaVersion }), { sync: true });
      return;
    }
    const { version } = JSON.parse(value) as { version: number };
    if (version === schemaVersion) return;
    throw failedPrecondition(
      `cannot open metadata "${this.#path}": it has schema version ${version}, this daemon knows ${schemaVersion}`,
    );
  }
}

function openFailure(path: string, error: unknown): Error {
  const cause = error instanceof Error ? (error.cause as { code?: string } | undefined) : undefined;
  return cause?.code === 'LEVEL_LOCKED'
    ? failedPrecondition(`cannot open metadata "${path}": another daemon is using this root directory`, error)
    : internal(`cannot open metadata "${path}": ${messageOf(cause ?? error)}`, error);
}
