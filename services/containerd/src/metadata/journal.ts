/**
 * The way to the disk: changes go into the `level` database in the order in which they were made, one atomic batch at a time.
 * Changes that arrive while a batch is being written share the next one (group commit), so that a burst costs one write and one fsync.
 *
 * A *durable* change waits for fsync and survives a power cut. Any other is in the kernel's hands when its promise settles: it
 * survives the death of the daemon, and a power cut once a later durable batch, or the flush that follows within a second, is written.
 *
 * After a failed write nobody knows how much of the batch is in LevelDB's log, so the database is opened again (which repairs the log)
 * before anything else is written; until that works, every change fails.
 */
import { CodedError, internal, messageOf, resourceExhausted } from '@docker-ts/base/errors';

export type BatchOperation = { type: 'put'; key: string; value: string } | { type: 'del'; key: string };

/** The part of a `level` database that the journal needs. */
export interface BatchTarget {
  batch(operations: BatchOperation[], options: { sync: boolean }): Promise<void>;
  /** Closes and opens the database. */
  reopen(): Promise<void>;
}

export interface JournalEntry {
  readonly operations: readonly BatchOperation[];
  readonly durable: boolean;
  /** Takes the change back where it is visible already. Answers the operations that restore the disk. */
  readonly undo?: () => BatchOperation[];
}

interface Pending extends JournalEntry {
  readonly done: PromiseWithResolvers<void>;
}

/** How long a change that is not durable may wait for its fsync. */
const lazySyncMs = 1000;

export class Journal implements AsyncDisposable {
  readonly #target: BatchTarget;
  readonly #onError: (error: unknown) => void;
  #queue: Pending[] = [];
  #writing: Promise<void> | undefined;
  #repair: BatchOperation[] | undefined;
  #lazySync: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(target: BatchTarget, onError: (error: unknown) => void = () => {}) {
    this.#target = target;
    this.#onError = onError;
  }

  /** Settles when the change is written. On failure the change, and every later one, has been taken back. */
  append(entry: JournalEntry): Promise<void> {
    if (this.#closed) {
      entry.undo?.();
      return Promise.reject(new CodedError('unavailable', 'cannot write metadata: the daemon is shutting down'));
    }
    const pending = { ...entry, done: Promise.withResolvers<void>() };
    this.#queue.push(pending);
    this.#writing ??= this.#drain();
    return pending.done.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await this.#writing;
    clearTimeout(this.#lazySync);
    if (this.#lazySync !== undefined) await this.#target.batch([], { sync: true });
  }

  async #drain(): Promise<void> {
    // everything that this turn of the event loop changes shares the first batch
    await Promise.resolve();
    while (this.#queue.length > 0) {
      const entries = this.#queue;
      this.#queue = [];
      try {
        await this.#write(entries);
      } catch (error) {
        this.#fail(entries, error);
        continue;
      }
      for (const entry of entries) entry.done.resolve();
    }
    this.#writing = undefined;
  }

  async #write(entries: readonly Pending[]): Promise<void> {
    if (this.#repair) {
      await this.#target.reopen();
      await this.#target.batch(this.#repair, { sync: true });
      this.#repair = undefined;
    }
    const durable = entries.some((entry) => entry.durable);
    const operations =
      entries.length === 1 ? [...entries[0]!.operations] : entries.flatMap((entry) => entry.operations);
    await this.#target.batch(operations, { sync: durable });
    if (durable) {
      clearTimeout(this.#lazySync);
      this.#lazySync = undefined;
    } else {
      this.#lazySync ??= setTimeout(() => this.#syncLater(), lazySyncMs);
    }
  }

  #syncLater(): void {
    this.#lazySync = undefined;
    this.append({ operations: [], durable: true }).catch(this.#onError);
  }

  /** Later changes were made in sight of the failed ones: all of them go, newest first. */
  #fail(entries: readonly Pending[], cause: unknown): void {
    const failed = [...entries, ...this.#queue];
    this.#queue = [];
    const repair: BatchOperation[] = [];
    for (const entry of failed.toReversed()) repair.push(...(entry.undo?.() ?? []));
    this.#repair = [...(this.#repair ?? []), ...repair];
    const error = writeFailure(cause);
    for (const entry of failed) entry.done.reject(error);
  }
}

function writeFailure(cause: unknown): CodedError {
  const text = messageOf(cause instanceof Error && cause.cause !== undefined ? cause.cause : cause);
  // LevelDB hands over strerror's text, not the number
  return /no space left|quota exceeded/i.test(text)
    ? resourceExhausted(`cannot write metadata: no space left on device`, cause)
    : internal(`cannot write metadata: ${text}`, cause);
}
