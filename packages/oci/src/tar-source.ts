/** Bytes in pieces of any size, taken in pieces of the taker's size. */
import { invalidArgument } from '@docker-ts/base/errors';

export class TarSource {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #chunk: Uint8Array = new Uint8Array();
  #offset = 0;
  #ended = false;

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** Exactly `size` bytes; undefined if the input has ended before the first one. @throws invalid_argument if it ends within. */
  async take(size: number): Promise<Uint8Array | undefined> {
    const ready = this.#takeReady(size);
    if (ready) return ready;
    const whole = new Uint8Array(size);
    let filled = 0;
    while (filled < size) {
      const piece = await this.some(size - filled);
      if (!piece) {
        if (filled === 0) return undefined;
        throw truncated();
      }
      whole.set(piece, filled);
      filled += piece.length;
    }
    return whole;
  }

  /** At least one and at most `limit` bytes; undefined at the end of the input. The piece is valid until the next call. */
  async some(limit: number): Promise<Uint8Array | undefined> {
    while (this.#offset === this.#chunk.length) {
      if (this.#ended) return undefined;
      const { done, value } = await this.#chunks.next();
      if (done) {
        this.#ended = true;
        return undefined;
      }
      this.#chunk = value;
      this.#offset = 0;
    }
    const piece = this.#chunk.subarray(this.#offset, this.#offset + limit);
    this.#offset += piece.length;
    return piece;
  }

  /** A piece that is there already, up to `limit`; undefined if one has to wait for it. */
  someReady(limit: number): Uint8Array | undefined {
    if (this.#offset === this.#chunk.length) return undefined;
    const piece = this.#chunk.subarray(this.#offset, this.#offset + limit);
    this.#offset += piece.length;
    return piece;
  }

  /** @throws invalid_argument if the input ends before. */
  async skip(size: number): Promise<void> {
    for (let left = size; left > 0;) {
      const piece = await this.some(left);
      if (!piece) throw truncated();
      left -= piece.length;
    }
  }

  /** Reads to the end of the input and forgets it. */
  async drain(): Promise<void> {
    while (await this.some(Number.MAX_SAFE_INTEGER)) {
      // what follows the archive is padding
    }
  }

  /** Gives the input up. */
  async close(): Promise<void> {
    this.#ended = true;
    this.#offset = this.#chunk.length;
    await this.#chunks.return?.();
  }

  #takeReady(size: number): Uint8Array | undefined {
    if (this.#chunk.length - this.#offset < size) return undefined;
    const piece = this.#chunk.subarray(this.#offset, this.#offset + size);
    this.#offset += size;
    return piece;
  }
}

export function truncated(): Error {
  return invalidArgument('cannot read tar archive: unexpected EOF');
}
