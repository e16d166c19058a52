/**
 * Copies one stream: from a descriptor that does not block into a sink, whenever the source has something and the sink has
 * room. All pumps share one buffer, for a chunk never stays in it longer than a call.
 */
import { closeSync } from 'node:fs';
import { peerGone, readBytes, wouldBlock } from '@docker-ts/linux/byte-io';
import type { Readiness } from './readiness.ts';
import type { Sink } from './sink.ts';

/** The default capacity of a pipe. */
const bufferBytes = 64 * 1024;
/** So much is copied before the other pumps and the task service get their turn. */
const turnBytes = 16 * bufferBytes;

const buffer = new Uint8Array(bufferBytes);

export interface PumpOptions {
  readonly source: number;
  readonly sink: Sink;
  readonly readiness: Readiness;
  /** False if somebody else closes the source (a terminal's master). */
  readonly ownsSource?: boolean;
}

export class Pump implements Disposable {
  /** Settles when the source's end was reached and delivered, or the pump was closed. */
  readonly done: Promise<void>;
  readonly #options: PumpOptions;
  readonly #finish: () => void;
  #atEnd = false;
  #closed = false;
  #scheduled = false;

  constructor(options: PumpOptions) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.done = promise;
    this.#finish = resolve;
    this.#options = options;
    options.readiness.watch(options.source);
    options.readiness.add(this);
    this.poke();
  }

  poke(): void {
    if (this.#closed) return;
    const { sink, source } = this.#options;
    let budget = turnBytes;
    while (budget > 0) {
      if (!sink.ready()) return;
      if (this.#atEnd || sink.broken) {
        this.close();
        return;
      }
      const count = readBytes(source, buffer);
      if (count === wouldBlock) return;
      if (count === 0 || count === peerGone) {
        this.#atEnd = true;
        continue;
      }
      sink.write(count === bufferBytes ? buffer : buffer.subarray(0, count));
      budget -= count;
    }
    this.#schedule();
  }

  /** Gives up: what the source still holds is lost. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const { sink, source, readiness, ownsSource } = this.#options;
    readiness.remove(this);
    if (ownsSource !== false) closeSync(source);
    sink.close();
    this.#finish();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.poke();
    });
  }
}
