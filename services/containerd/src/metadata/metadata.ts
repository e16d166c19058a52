/** The daemon's metadata: the database with the tables that `schema.ts` draws, typed. */
import type { Container } from '../containers/container.ts';
import { containerCodec } from '../containers/container.ts';
import type { BlobRow, IngestRow } from '../content/content-rows.ts';
import { ingestCodec } from '../content/content-rows.ts';
import type { Image } from '../images/image.ts';
import type { LeaseRow } from '../leases/lease.ts';
import { leaseCodec } from '../leases/lease.ts';
import { MetadataDatabase, type MetadataDatabaseOptions, type MutationListener, type Section } from './database.ts';
import type { Labels } from './labels.ts';
import { plainCodec, timedCodec } from './row-codec.ts';
import type { Table } from './table.ts';
import type { Transaction } from './transaction.ts';

/** The scope of the table of namespaces, which belong to no namespace. */
export const rootScope = '-';

interface Tables {
  readonly namespaces: Table<Labels>;
  readonly images: Table<Image>;
  readonly containers: Table<Container>;
  readonly content: Table<BlobRow>;
  readonly ingests: Table<IngestRow>;
  readonly leases: Table<LeaseRow>;
  /** By `<namespace> <lease>` and `<type> <id>`; the row says nothing. */
  readonly leaseResources: Table<true>;
}

export class Metadata implements Tables, AsyncDisposable {
  readonly namespaces: Table<Labels>;
  readonly images: Table<Image>;
  readonly containers: Table<Container>;
  readonly content: Table<BlobRow>;
  readonly ingests: Table<IngestRow>;
  readonly leases: Table<LeaseRow>;
  readonly leaseResources: Table<true>;
  readonly #database: MetadataDatabase;

  private constructor(database: MetadataDatabase, tables: Tables) {
    this.#database = database;
    this.namespaces = tables.namespaces;
    this.images = tables.images;
    this.containers = tables.containers;
    this.content = tables.content;
    this.ingests = tables.ingests;
    this.leases = tables.leases;
    this.leaseResources = tables.leaseResources;
  }

  /** @throws failed_precondition if another daemon uses it. */
  static async open(options: MetadataDatabaseOptions): Promise<Metadata> {
    const database = await MetadataDatabase.open(options);
    try {
      return new Metadata(database, {
        namespaces: await database.table('namespaces', plainCodec<Labels>()),
        images: await database.table('images', timedCodec<Image>()),
        containers: await database.table('containers', containerCodec),
        content: await database.table('content', timedCodec<BlobRow>()),
        ingests: await database.table('ingests', ingestCodec),
        leases: await database.table('leases', leaseCodec),
        leaseResources: await database.table('lease-resources', plainCodec<true>()),
      });
    } catch (error) {
      await database[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** A transaction (`MetadataDatabase.update`); `durable` waits for fsync. */
  update<T>(durable: boolean, change: (transaction: Transaction) => T): Promise<T> {
    return this.#database.update(change, { durable });
  }

  /** Namespaces come to be with the first object in them. */
  ensureNamespace(transaction: Transaction, namespace: string): void {
    if (!this.namespaces.has(rootScope, namespace)) transaction.put(this.namespaces, rootScope, namespace, {});
  }

  onMutation(listener: MutationListener): void {
    this.#database.onMutation(listener);
  }

  /** Keys for rows that are none of these tables. */
  section(name: string): Section {
    return this.#database.section(name);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#database[Symbol.asyncDispose]();
  }
}
