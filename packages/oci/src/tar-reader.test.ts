import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { codeOf } from '@docker-ts/base/errors';
import { type TarEntry, TarReader } from './tar-reader.ts';

const folder = mkdtempSync(join(tmpdir(), 'docker-ts-tar-reader-'));
const longName = `deep/${'x'.repeat(90)}/${'y'.repeat(90)}/${'z'.repeat(90)}`;

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
}

async function readAll(bytes: Uint8Array, size = 777): Promise<(TarEntry & { data: Buffer })[]> {
  const reader = new TarReader(inPieces(bytes, size));
  const entries: (TarEntry & { data: Buffer })[] = [];
  for (let entry = await reader.next(); entry; entry = await reader.next()) {
    const data = Buffer.alloc(entry.fileSizeBytes);
    for (let piece = await reader.read(); piece; piece = await reader.read()) data.set(piece.bytes, piece.offset);
    entries.push({ ...entry, data });
  }
  return entries;
}

const pack = (...args: string[]): Uint8Array =>
  execFileSync('tar', ['-C', join(folder, 'tree'), '-cf', '-', ...args], { maxBuffer: 1 << 26 });

beforeAll(() => {
  const tree = join(folder, 'tree');
  mkdirSync(join(tree, longName.slice(0, longName.lastIndexOf('/'))), { recursive: true });
  writeFileSync(join(tree, 'plain'), 'hello\n');
  utimesSync(join(tree, 'plain'), 1_000_000_000.25, 1_000_000_000.25);
  writeFileSync(join(tree, longName), 'long');
  symlinkSync(longName, join(tree, 'link'));
  writeFileSync(join(tree, 'sparse'), 'start');
  truncateSync(join(tree, 'sparse'), 1 << 20);
  writeFileSync(join(tree, 'sparse'), Buffer.from('middle'), { flag: 'r+' });
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('TarReader', () => {
  test.each(['ustar', 'gnu', 'pax'])('TarReader reads what tar writes in format %s', async (format) => {
    const names = format === 'ustar' ? ['plain'] : ['plain', longName, 'link'];
    const entries = await readAll(pack(`--format=${format}`, ...names));
    expect(entries.map(({ name }) => name)).toEqual(names);
    expect(entries[0]?.data.toString()).toBe('hello\n');
    expect(entries[0]?.mtimeNs).toBe(format === 'pax' ? 1_000_000_000_250_000_000n : 1_000_000_000_000_000_000n);
    if (format !== 'ustar') expect(entries[2]?.linkName).toBe(longName);
  });

  test.each([
    ['gnu', ''],
    ['pax', '0.0'],
    ['pax', '0.1'],
    ['pax', '1.0'],
  ])('TarReader finds the holes of sparse members: %s %s', async (format, version) => {
    const flags = [`--format=${format}`, '-S', ...(version !== '' ? [`--sparse-version=${version}`] : [])];
    const [entry] = await readAll(pack(...flags, 'sparse'), 100);
    expect(entry?.name).toBe('sparse');
    expect(entry?.sparse).toBe(true);
    expect(entry?.fileSizeBytes).toBe(1 << 20);
    expect(entry?.data.equals(readFileSync(join(folder, 'tree', 'sparse')))).toBe(true);
  });

  test('TarReader skips data that is not read', async () => {
    const reader = new TarReader(inPieces(pack('sparse', 'plain'), 4096));
    const names: string[] = [];
    for (let entry = await reader.next(); entry; entry = await reader.next()) names.push(entry.name);
    expect(names).toEqual(['sparse', 'plain']);
  });

  test('TarReader keeps binary values of PAX records', async () => {
    const value = Uint8Array.from([0, 1, 10, 61, 255]);
    const record = Buffer.concat([Buffer.from('27 SCHILY.xattr.user.a='), value, Buffer.from('\n')]);
    expect(record.length).toBe(29);
    record.write('29', 0);
    const header = Buffer.alloc(512);
    header.write('pax', 0);
    header.write('0000644', 100);
    header.write(record.length.toString(8).padStart(11, '0'), 124);
    header.write('x', 156);
    header.write('ustar\x0000', 257);
    header.fill(' ', 148, 156);
    header.write(
      header
        .reduce((sum, byte) => sum + byte, 0)
        .toString(8)
        .padStart(6, '0') + '\0',
      148,
    );
    const padded = Buffer.concat([record, Buffer.alloc(512 - record.length)]);
    const [entry] = await readAll(Buffer.concat([header, padded, pack('--format=ustar', 'plain')]));
    expect(entry?.pax.get('SCHILY.xattr.user.a')).toEqual(value);
  });

  test('TarReader says of a truncated archive that it is one, wherever it is cut', async () => {
    const whole = pack('--format=pax', 'plain', longName);
    const used = whole.length - 512 * 2;
    for (let cut = 1; cut < used; cut += 97) {
      if (cut % 512 === 0) continue;
      const outcome = await readAll(whole.subarray(0, cut)).then(
        () => 'read',
        (error: unknown) => codeOf(error),
      );
      // cut in the padding at the very end, nothing is missing but NULs
      if (outcome === 'read') expect(whole.subarray(cut, used).every((byte) => byte === 0)).toBe(true);
      else expect(outcome).toBe('invalid_argument');
    }
  });

  test('TarReader refuses noise', async () => {
    const noise = Buffer.from(Array.from({ length: 2048 }, (_, i) => (i * 7919) % 251));
    expect(await readAll(noise).catch((error: unknown) => codeOf(error))).toBe('invalid_argument');
  });
});
