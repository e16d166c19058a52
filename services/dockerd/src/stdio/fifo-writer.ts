/** The daemon's end of a process's standard input. */
import { openFifoForWriting } from '@docker-ts/linux/fifo';
import { closeSync } from 'node:fs';

/** Settles of the poll for a reader that has yet to open its end. */
const openRetryMs = 20;

export class FifoWriter {
  readonly #path: string;
  #fd: number | undefined;
  #sink: Bun.FileSink | undefined;
  #closed = false;
  #tail: Promise<void> = Promise.resolve();

  constructor(path: string) {
    this.#path = path;
  }

  /** Writes after what was written before; settles when the pipe has taken it. Input for a process that is gone is dropped. */
  write(chunk: Uint8Array): Promise<void> {
    this.#tail = this.#tail.then(() => this.#write(chunk)).catch(() => this.#release());
    return this.#tail;
  }

  /** Everything written so far is delivered, then this end closes. */
  async close(): Promise<void> {
    await this.#tail;
    this.destroy();
  }

  /** Closes at once. */
  destroy(): void {
    this.#closed = true;
    this.#release();
  }

  async #write(chunk: Uint8Array): Promise<void> {
    while (this.#sink === undefined) {
      if (this.#closed) return;
      this.#fd = openFifoForWriting(this.#path);
      if (this.#fd === undefined) await Bun.sleep(openRetryMs);
      // The file sink waits by polling, where node:fs would get EAGAIN of a full pipe.
      else this.#sink = Bun.file(this.#fd).writer({ highWaterMark: 1 });
    }
    await this.#sink.write(chunk);
    await this.#sink.flush();
  }

  #release(): void {
    const { fd, sink } = { fd: this.#fd, sink: this.#sink };
    this.#fd = undefined;
    this.#sink = undefined;
    try {
      void Promise.resolve(sink?.end()).catch(() => {});
    } catch {
      // the reader is gone
    }
    if (fd !== undefined) closeSync(fd);
  }
}
