/** Reads a FIFO to its end, one chunk at a time: the next is asked for when the consumer is done with the last. */
import type { ReadableStreamDefaultReader } from 'node:stream/web';
import { FifoHolder, openFifoForReading } from '@docker-ts/linux/fifo';
import { closeSync } from 'node:fs';

export type ChunkConsumer = (chunk: Uint8Array) => void | Promise<void>;

/**
 * A FIFO being read. It is held open by the reader itself, so that its end comes when `finish` says so and not when one of
 * several writers leaves.
 */
export class FifoReader {
  readonly #holder: FifoHolder;
  readonly #done: Promise<void>;
  readonly #fd: number;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>;
  #cancelled = false;

  constructor(path: string, consume: ChunkConsumer) {
    // The holder comes first: a reader alone would be at the end before the first writer.
    this.#holder = new FifoHolder(path);
    this.#fd = openFifoForReading(path);
    // Bun's file stream polls a non-blocking descriptor; a node:fs stream would hold a thread for each idle container.
    this.#reader = Bun.file(this.#fd).stream().getReader();
    this.#done = this.#read(consume);
  }

  /** No writer is left, or the last will go: reads what the pipe still has, then settles. */
  async finish(): Promise<void> {
    this.#holder[Symbol.dispose]();
    await this.#done;
  }

  /** Stops after the chunk that is being consumed; what the pipe still has stays there. */
  async cancel(): Promise<void> {
    this.#cancelled = true;
    await this.#reader.cancel().catch(() => {});
    this.#holder[Symbol.dispose]();
    await this.#done;
  }

  async #read(consume: ChunkConsumer): Promise<void> {
    try {
      while (!this.#cancelled) {
        const { value, done } = await this.#reader.read();
        if (done) break;
        await consume(value);
      }
    } finally {
      await this.#reader.cancel().catch(() => {});
      closeSync(this.#fd);
    }
  }
}
