/**
 * A layer's uncompressed bytes on their way from the content store to the tar reader, counted and digested as they pass: the digest of
 * the whole stream is the layer's diffID. Decompression runs on other threads.
 */
import { createHash } from 'node:crypto';
import { decompressed } from '@docker-ts/oci/compression';

export class LayerStream implements AsyncIterable<Uint8Array> {
  readonly #blob: AsyncIterable<Uint8Array>;
  readonly #hash = createHash('sha256');
  #sizeBytes = 0;

  constructor(blob: AsyncIterable<Uint8Array>) {
    this.#blob = blob;
  }

  /** Uncompressed bytes that have passed. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** The digest of what has passed; once only. */
  digest(): string {
    return `sha256:${this.#hash.digest('hex')}`;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for await (const bytes of decompressed(this.#blob, 'layer')) {
      this.#hash.update(bytes);
      this.#sizeBytes += bytes.length;
      yield bytes;
    }
  }
}
