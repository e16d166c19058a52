import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { JsonFileWriter } from './json-file-writer.ts';
import { JsonLineEncoder } from './json-line.ts';

let folder: string;
let path: string;
const time = { seconds: 0n, nanos: 0 };

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'docker-ts-logs-'));
  path = join(folder, 'c', 'x-json.log');
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(texts: readonly string[], options: { maxSizeBytes?: number; maxFiles?: number } = {}): JsonFileWriter {
  using writer = JsonFileWriter.open({ path, ...options });
  const encoder = new JsonLineEncoder(writer, 'stdout');
  for (const text of texts) {
    encoder.push(new TextEncoder().encode(text), time);
    writer.flush();
  }
  return writer;
}

/** Oldest first. */
const rotatedFiles = (file: string): string[] =>
  readdirSync(join(file, '..'))
    .toSorted()
    .toReversed()
    .map((name) => join(file, '..', name));

const logsOf = (file: string): string[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => (JSON.parse(line) as { log: string }).log);

describe('JsonFileWriter', () => {
  test('appends to what is there', () => {
    write(['one\n']);
    write(['two\nthree\n']);
    expect(logsOf(path)).toEqual(['one\n', 'two\n', 'three\n']);
    expect(statSync(path).mode & 0o777).toBe(0o640);
  });

  test('rotates before the first line that finds the file full, within a chunk as well', () => {
    write([Array.from({ length: 20 }, (_, index) => `line ${index}\n`).join('')], { maxSizeBytes: 200, maxFiles: 3 });
    const files = rotatedFiles(path);
    expect(files).toEqual([`${path}.2`, `${path}.1`, path]);
    expect(files.flatMap((file) => logsOf(file)).at(-1)).toBe('line 19\n');
    for (const file of files.slice(0, 2)) expect(statSync(file).size).toBeWithin(200, 300);
  });

  test('with a single file starts it anew', () => {
    write(['a\n', 'b\n', 'c\n', 'd\n'], { maxSizeBytes: 1, maxFiles: 1 });
    expect(logsOf(path)).toEqual(['d\n']);
    expect(rotatedFiles(path)).toEqual([path]);
  });

  test('ends a line that was torn by a crash, so that the next one can be read', () => {
    write(['whole\n']);
    appendFileSync(path, '{"log":"to');
    write(['after\n']);
    const lines = readFileSync(path, 'utf8').split('\n');
    expect(lines[1]).toBe('{"log":"to');
    expect(JSON.parse(lines[2]!)).toMatchObject({ log: 'after\n' });
  });

  test('refuses a log that is a link, which could lead anywhere', () => {
    write(['one\n']);
    rmSync(path);
    symlinkSync('/dev/null', path);
    expect(() => write(['two\n'])).toThrow('ELOOP');
  });
});
