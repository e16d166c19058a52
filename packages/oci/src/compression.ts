/**
 * Compressed layers and archives, told by their first bytes whatever their media type says (old daemons wrote gzip under the plain
 * type's name): gzip (RFC 1952) and zstd (RFC 8878) are opened, on other threads; bzip2 and xz are recognized and refused.
 */
import { Readable, type Transform } from 'node:stream';
import { constants, createGunzip, createZstdDecompress } from 'node:zlib';
import { CodedError, invalidArgument, messageOf, unimplemented } from '@docker-ts/base/errors';
import type { LayerCompression } from './media-types.ts';

/** As many first bytes as `detectCompression` looks at. */
const magicBytes = 10;

/** Output of a decompressor at once: fewer turns of the event loop. */
const outputBytes = 256 * 1024;

const any = -1;
const magics: readonly (readonly [name: LayerCompression | 'bzip2' | 'xz', bytes: readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b, 0x08]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  // with its level and the first block's number: the letters alone may begin a file's name in a plain archive
  ['bzip2', [0x42, 0x5a, 0x68, any, 0x31, 0x41, 0x59, 0x26, 0x53, 0x59]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
];

/** What a stream that begins with `head` is compressed with; unimplemented for bzip2 and xz. */
export function detectCompression(head: Uint8Array): LayerCompression {
  const name = magics.find(([, bytes]) => bytes.every((byte, index) => byte === any || head[index] === byte))?.[0];
  if (name === 'bzip2' || name === 'xz') throw unimplemented(`${name} compression is not supported`);
  // a skippable frame (0x184D2A50 to 0x184D2A5F) may come first: seekable archives put one there
  const skippable = ((head[0] ?? 0) & 0xf0) === 0x50 && head[1] === 0x2a && head[2] === 0x4d && head[3] === 0x18;
  return skippable ? 'zstd' : (name ?? 'none');
}

/** Reads the first bytes (or all there are), then hands the whole stream back. */
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

/** The plain bytes of a stream that may be compressed; `what` names it in errors. invalid_argument for a broken one. */
export async function* decompressed(chunks: AsyncIterable<Uint8Array>, what: string): AsyncGenerator<Uint8Array> {
  const { head, whole } = await peek(chunks);
  const compression = detectCompression(head);
  if (compression === 'none') yield* whole;
  else yield* through(whole, openDecompressor(compression), `${compression} ${what}`);
}

function openDecompressor(compression: 'gzip' | 'zstd'): Transform {
  if (compression === 'gzip') return createGunzip({ chunkSize: outputBytes });
  // layers may be made with --long: the decoder's usual limit for the window is 128 MiB
  return createZstdDecompress({ chunkSize: outputBytes, params: { [constants.ZSTD_d_windowLogMax]: 31 } });
}

async function* through(
  compressed: AsyncIterable<Uint8Array>,
  decompressor: Transform,
  what: string,
): AsyncGenerator<Uint8Array> {
  const source = Readable.from(compressed, { objectMode: false });
  source.on('error', (error) => decompressor.destroy(error));
  source.pipe(decompressor);
  try {
    for await (const bytes of decompressor) yield bytes as Uint8Array;
  } catch (error) {
    // what the source says goes through; the decompressor's own words say too little
    if (error instanceof CodedError) throw error;
    throw invalidArgument(`cannot decompress ${what}: ${messageOf(error)}`, error);
  } finally {
    source.destroy();
    decompressor.destroy();
  }
}
