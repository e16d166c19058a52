/** A sink that keeps what it gets in memory, up to a limit: what the runtime prints, a logger's sign that it is ready. */
import type { Sink } from './sink.ts';

export class CollectorSink implements Sink {
  readonly broken = false;
  /** Settles with the first chunk, or with the end if none comes. */
  readonly first: Promise<void>;
  readonly #limitBytes: number;
  readonly #chunks: Uint8Array[] = [];
  readonly #arrived: () => void;
  #length = 0;

  constructor(limitBytes: number) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.first = promise;
    this.#arrived = resolve;
    this.#limitBytes = limitBytes;
  }

  get length(): number {
    return this.#length;
  }

  get text(): string {
    return Buffer.concat(this.#chunks).toString('utf8');
  }

  ready(): boolean {
    return true;
  }

  write(chunk: Uint8Array): void {
    const kept = chunk.slice(0, Math.max(0, this.#limitBytes - this.#length));
    this.#chunks.push(kept);
    this.#length += kept.length;
    this.#arrived();
  }

  close(): void {
    this.#arrived();
  }
}
