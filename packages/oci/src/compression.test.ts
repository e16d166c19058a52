import { describe, expect, test } from 'bun:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { notFound } from '@docker-ts/base/errors';
import { decompressed, detectCompression } from './compression.ts';

async function* pieces(bytes: Uint8Array, size = 3): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const plain = Buffer.from('some layer, '.repeat(1000));
const open = async (bytes: Uint8Array): Promise<Buffer> =>
  Buffer.concat(await Array.fromAsync(decompressed(pieces(bytes), 'layer')));

describe('decompressed', () => {
  test('decompressed opens gzip and zstd, a skippable frame in front too, and lets plain bytes through', async () => {
    const skippable = Buffer.from([0x5e, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 7, 7]);
    const zstd = zstdCompressSync(plain);
    for (const bytes of [plain, gzipSync(plain), zstd, Buffer.concat([skippable, zstd])])
      expect((await open(bytes)).equals(plain)).toBe(true);
    expect((await open(Buffer.alloc(0))).length).toBe(0);
  });

  test('decompressed tells of broken streams, and passes on what the source says', async () => {
    expect(open(gzipSync(plain).subarray(0, 30))).rejects.toThrow('cannot decompress gzip layer');
    const source = (async function* () {
      yield gzipSync(plain).subarray(0, 30);
      throw notFound('blob');
    })();
    expect(Array.fromAsync(decompressed(source, 'layer'))).rejects.toThrow('blob');
  });
});

describe('detectCompression', () => {
  test('detectCompression refuses bzip2 and xz, and no archive whose first file has a name like one', () => {
    expect(() => detectCompression(Buffer.from('BZh91AY&SY'))).toThrow('bzip2 compression is not supported');
    expect(() => detectCompression(Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]))).toThrow('xz compression');
    expect(detectCompression(Buffer.from('BZhello.txt'))).toBe('none');
  });
});
