/**
 * When to collect (containerd plugins/gc/scheduler.go). A collection follows
 *
 *   - a deletion, at the next scheduled time (or at once after `deletionThreshold` of them, if that is not 0);
 *   - `mutationThreshold` changes of any kind, at the next scheduled time;
 *   - a request that waits for it (sync deletes), after `scheduleDelayMs`.
 *
 * The next scheduled time is so far away that the pauses for marking take no more than the share `pauseThreshold` of all time.
 */
import type { CollectionStats } from './collector.ts';

export interface SchedulerSettings {
  readonly pauseThreshold: number;
  readonly deletionThreshold: number;
  readonly mutationThreshold: number;
  readonly scheduleDelayMs: number;
  readonly startupDelayMs: number;
}

export const defaultSchedulerSettings: SchedulerSettings = {
  pauseThreshold: 0.02,
  deletionThreshold: 0,
  mutationThreshold: 100,
  scheduleDelayMs: 0,
  startupDelayMs: 100,
};

export interface SchedulerOptions {
  readonly settings: SchedulerSettings;
  readonly collect: () => Promise<CollectionStats>;
  readonly onCollected?: (stats: CollectionStats) => void;
  readonly onError: (error: unknown) => void;
}

/** Marking is counted as no shorter than this, so that an empty daemon does not collect all the time. */
const minPauseMs = 5;
const retryDelayMs = 1000;

export class GcScheduler implements AsyncDisposable {
  readonly #options: SchedulerOptions;
  #timer: NodeJS.Timeout | undefined;
  #dueMs = Number.POSITIVE_INFINITY;
  #deletions = 0;
  #mutations = 0;
  #waiters: PromiseWithResolvers<void>[] = [];
  #running: Promise<void> | undefined;
  #pauseSumMs = 0;
  #collections = 0;
  #lastEndMs = Number.NEGATIVE_INFINITY;
  #closed = false;

  constructor(options: SchedulerOptions) {
    this.#options = options;
  }

  /** Schedules the first collection. */
  start(): void {
    this.#schedule(this.#options.settings.startupDelayMs);
  }

  /** Call it after every change of the metadata; `collectable` if something lost a reference. */
  noteMutation(collectable: boolean): void {
    const { deletionThreshold, mutationThreshold, scheduleDelayMs } = this.#options.settings;
    this.#mutations += 1;
    if (collectable) this.#deletions += 1;
    if (deletionThreshold > 0 && this.#deletions >= deletionThreshold) this.#schedule(scheduleDelayMs);
    else if (this.#deletions > 0 && deletionThreshold === 0) this.#schedule(this.#intervalMs());
    else if (mutationThreshold > 0 && this.#mutations >= mutationThreshold) this.#schedule(this.#intervalMs());
  }

  /** Settles when a collection that began after this call is done; rejects if it failed. */
  collectNow(): Promise<void> {
    const waiter = Promise.withResolvers<void>();
    if (this.#closed) waiter.resolve();
    else {
      this.#waiters.push(waiter);
      this.#schedule(this.#options.settings.scheduleDelayMs);
    }
    return waiter.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#running;
    for (const waiter of this.#waiters.splice(0)) waiter.resolve();
  }

  /** Moves the next collection nearer, never farther away. */
  #schedule(delayMs: number): void {
    const dueMs = performance.now() + delayMs;
    if (this.#closed || dueMs >= this.#dueMs) return;
    this.#dueMs = dueMs;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      // one that is due while another runs begins right after it
      this.#running ??= this.#run().finally(() => (this.#running = undefined));
    }, delayMs);
  }

  async #run(): Promise<void> {
    this.#dueMs = Number.POSITIVE_INFINITY;
    this.#deletions = 0;
    this.#mutations = 0;
    const waiters = this.#waiters;
    this.#waiters = [];
    try {
      const stats = await this.#options.collect();
      this.#pauseSumMs += stats.pauseMs;
      this.#collections += 1;
      for (const waiter of waiters) waiter.resolve();
      this.#options.onCollected?.(stats);
    } catch (error) {
      for (const waiter of waiters) waiter.reject(error);
      this.#options.onError(error);
      this.#deletions += 1;
      this.#schedule(retryDelayMs);
    }
    this.#lastEndMs = performance.now();
    // asked for while this one ran, when the timer found it running
    if (this.#waiters.length > 0 || this.#dueMs <= this.#lastEndMs) {
      this.#dueMs = Number.POSITIVE_INFINITY;
      this.#schedule(this.#options.settings.scheduleDelayMs);
    }
  }

  /** From now to the next scheduled time. */
  #intervalMs(): number {
    const share = Math.min(Math.max(this.#options.settings.pauseThreshold, 0), 0.5);
    const average = Math.max(this.#collections === 0 ? 0 : this.#pauseSumMs / this.#collections, minPauseMs);
    const intervalMs = share === 0 ? retryDelayMs : average / share - average;
    return Math.max(0, this.#lastEndMs + intervalMs - performance.now());
  }
}
