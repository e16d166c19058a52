/** Work that nobody waits for: clean-up behind an answer that has been given. A shutdown waits for it, for a while. */
import { messageOf } from '@docker-ts/base/errors';
import type { Logger } from 'winston';

const shutdownWaitMs = 5000;

export class BackgroundWork implements AsyncDisposable {
  readonly #running = new Set<Promise<void>>();
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** A failure is logged as `cannot <what>`. */
  run(what: string, work: Promise<unknown>): void {
    const tracked: Promise<void> = work.then(
      () => void this.#running.delete(tracked),
      (error: unknown) => {
        this.#running.delete(tracked);
        this.#log.error(`cannot ${what}: ${messageOf(error)}`);
      },
    );
    this.#running.add(tracked);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.race([Promise.all(this.#running), Bun.sleep(shutdownWaitMs)]);
  }
}
