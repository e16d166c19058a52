/** Recognizes compressed streams by their first bytes and opens them: gzip (RFC 1952), zstd (RFC 8878). */
import { invalidArgument, messageOf, unimplemented } from '@docker-ts/base/errors';
import { Readable, type Duplex } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';

export type Compression = 'none' | 'gzip' | 'zstd';

const magics: readonly (readonly [name: Compression | 'bzip2' | 'xz', bytes: readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b, 0x08]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
];

/** As many first bytes as `detectCompression` looks at. */
export const magicBytes = 6;

/** What a stream that begins with `head` is compressed with; unimplemented for bzip2 and xz. */
export function detectCompression(head: Uint8Array): Compression {
  const name = magics.find(([, bytes]) => bytes.every((byte, index) => head[index] === byte))?.[0] ?? 'none';
  if (name === 'bzip2' || name === 'xz')
    throw unimplemented(`cannot read archive: ${name} compression is not supported`);
  return name;
}

/** Reads at least `magicBytes` (or all there is), then hands the whole stream back. */
export async function peek(
  chunks: AsyncIterable<Uint8Array>,
): Promise<{ readonly head: Uint8Array; readonly whole: AsyncIterable<Uint8Array> }> {
  const iterator = chunks[Symbol.asyncIterator]();
  const first: Uint8Array[] = [];
  let length = 0;
  while (length < magicBytes) {
    const next = await iterator.next();
    if (next.done === true) break;
    first.push(next.value);
    length += next.value.length;
  }
  const whole = (async function* () {
    try {
      yield* first;
      for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
    } finally {
      await iterator.return?.();
    }
  })();
  return { head: Buffer.concat(first), whole };
}

async function* through(chunks: AsyncIterable<Uint8Array>, decompressor: Duplex): AsyncGenerator<Uint8Array> {
  const source = Readable.from(chunks);
  source.on('error', (error) => decompressor.destroy(error));
  source.pipe(decompressor);
  try {
    for await (const chunk of decompressor) yield chunk as Uint8Array;
  } catch (error) {
    throw invalidArgument(`cannot decompress archive: ${messageOf(error)}`, error);
  } finally {
    source.destroy();
    decompressor.destroy();
  }
}

/** The plain bytes of a stream that may be compressed. */
export async function* decompressed(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const { head, whole } = await peek(chunks);
  const compression = detectCompression(head);
  if (compression === 'none') yield* whole;
  else yield* through(whole, compression === 'gzip' ? createGunzip() : createZstdDecompress());
}
