/**
 * Container records on disk.
 *
 *     <data-root>/db/                level; its lock also keeps a second daemon off the data root
 *         schema                   → "1"
 *         container!<64 hex>       → JSON of ContainerRecord
 *         setting!<name>           → a word (the daemon's id)
 *
 * A put is in the operating system's hands when it settles, so that it outlives a SIGKILL of the daemon; the log is
 * checksummed, so that what a power cut takes are the last moves and never a record's shape.
 */
import { alreadyExists, dataLoss, failedPrecondition, internal, messageOf } from '@docker-ts/base/errors';
import { ClassicLevel } from 'classic-level';
import { join } from 'node:path';
import { type ContainerRecord, recordVersion } from '../containers/record.ts';

const schemaVersion = '1';
const containerPrefix = 'container!';
const settingPrefix = 'setting!';

export class ContainerStore implements AsyncDisposable {
  readonly #db: ClassicLevel;

  private constructor(db: ClassicLevel) {
    this.#db = db;
  }

  /** already_exists while another daemon has the data root. */
  static async open(dataRoot: string): Promise<ContainerStore> {
    const db = new ClassicLevel(join(dataRoot, 'db'));
    try {
      await db.open();
    } catch (error) {
      const cause = (error as { cause?: { code?: string } }).cause;
      if (cause?.code === 'LEVEL_LOCKED')
        throw alreadyExists(`cannot use data root "${dataRoot}": another daemon uses it`, error);
      throw internal(`cannot open the store in "${dataRoot}": ${messageOf(cause ?? error)}`, error);
    }
    const schema = await db.get('schema');
    if (schema === undefined) await db.put('schema', schemaVersion);
    else if (schema !== schemaVersion) {
      await db.close();
      throw failedPrecondition(`cannot use data root "${dataRoot}": its schema ${schema} is not ${schemaVersion}`);
    }
    return new ContainerStore(db);
  }

  async loadAll(): Promise<ContainerRecord[]> {
    const records: ContainerRecord[] = [];
    for await (const [key, value] of this.#db.iterator({ gte: containerPrefix, lt: `${containerPrefix}~` })) {
      const record = JSON.parse(value) as ContainerRecord;
      if (record.version !== recordVersion)
        throw dataLoss(`cannot read "${key}": not of version ${String(recordVersion)}`);
      records.push(record);
    }
    return records;
  }

  put(record: ContainerRecord): Promise<void> {
    return this.#db.put(containerPrefix + record.id, JSON.stringify(record));
  }

  delete(id: string): Promise<void> {
    return this.#db.del(containerPrefix + id);
  }

  /** A setting that is made once and stays. */
  async setting(name: string, make: () => string): Promise<string> {
    const found = await this.#db.get(settingPrefix + name);
    if (found !== undefined) return found;
    const made = make();
    await this.#db.put(settingPrefix + name, made);
    return made;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#db.close();
  }
}
