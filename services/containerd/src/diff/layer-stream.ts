/**
 * A layer's uncompressed bytes on their way from the content store to the tar reader, counted and digested as they pass: the digest of
 * the whole stream is the layer's diffID. Decompression runs on other threads.
 */
import { createHash } from 'node:crypto';
import { Readable, type Transform } from 'node:stream';
import { constants, createGunzip, createZstdDecompress } from 'node:zlib';
import { CodedError, invalidArgument, messageOf } from '@docker-ts/base/errors';
import { detectCompression, magicBytes } from './media-type.ts';

/** Output of the decompressor at once: fewer turns of the event loop. */
const outputBytes = 256 * 1024;

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
    for await (const bytes of await uncompressed(this.#blob)) {
      this.#hash.update(bytes);
      this.#sizeBytes += bytes.length;
      yield bytes;
    }
  }
}

async function uncompressed(blob: AsyncIterable<Uint8Array>): Promise<AsyncIterable<Uint8Array>> {
  const pieces = blob[Symbol.asyncIterator]();
  const start: Uint8Array[] = [];
  let length = 0;
  while (length < magicBytes) {
    const { done, value } = await pieces.next();
    if (done) break;
    start.push(value);
    length += value.length;
  }
  const whole = restored(start, pieces);
  const compression = detectCompression(Buffer.concat(start));
  if (compression === 'none') return whole;
  const decompressor =
    compression === 'gzip'
      ? createGunzip({ chunkSize: outputBytes })
      : // layers may be made with --long: the decoder's usual limit for the window is 128 MiB
        createZstdDecompress({ chunkSize: outputBytes, params: { [constants.ZSTD_d_windowLogMax]: 31 } });
  return decompressed(whole, decompressor, compression);
}

async function* restored(start: readonly Uint8Array[], rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* start;
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

async function* decompressed(
  compressed: AsyncIterable<Uint8Array>,
  decompressor: Transform,
  compression: string,
): AsyncGenerator<Uint8Array> {
  const source = Readable.from(compressed, { objectMode: false });
  source.on('error', (error) => decompressor.destroy(error));
  source.pipe(decompressor);
  try {
    for await (const bytes of decompressor) yield bytes as Uint8Array;
  } catch (error) {
    // what the content store says goes through; the decompressor's own words say too little
    if (error instanceof CodedError) throw error;
    throw invalidArgument(`cannot decompress ${compression} layer: ${messageOf(error)}`, error);
  } finally {
    source.destroy();
    decompressor.destroy();
  }
}
