import { describe, expect, test } from 'bun:test';
import { lstatSync, mkdtempSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  changeMode,
  makeDirectory,
  makeLink,
  pathExists,
  readWholeFile,
  removeFile,
  writeWholeFile,
} from './start-up-file.ts';

function inFolder(work: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'docker-ts-start-up-'));
  try {
    work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('start-up files', () => {
  test('readWholeFile reads more than its first block, and files of /proc, which have no size', () =>
    inFolder((folder) => {
      const bytes = Buffer.alloc(100_000, 'abcdefg');
      writeFileSync(join(folder, 'f'), bytes);
      expect(Buffer.from(readWholeFile(join(folder, 'f'))).equals(bytes)).toBe(true);
      expect(Buffer.from(readWholeFile('/proc/self/stat')).toString()).toStartWith(`${process.pid} `);
    }));

  test('writeWholeFile replaces what is there', () =>
    inFolder((folder) => {
      const path = join(folder, 'f');
      writeWholeFile(path, Buffer.from('long content'), 0o600);
      writeWholeFile(path, Buffer.from('short'), 0o644);
      expect(readFileSync(path, 'utf8')).toBe('short');
      expect(statSync(path).mode & 0o777).toBe(0o600);
    }));

  test('makeDirectory, makeLink, changeMode and removeFile do as they say, and fail with the reason', () =>
    inFolder((folder) => {
      const path = join(folder, 'd');
      makeDirectory(path, 0o755);
      changeMode(path, 0o700);
      expect(statSync(path).mode & 0o777).toBe(0o700);
      expect(() => makeDirectory(path, 0o700)).toThrow(expect.objectContaining({ code: 'already_exists' }));
      makeLink('/nowhere', join(folder, 'l'));
      expect(readlinkSync(join(folder, 'l'))).toBe('/nowhere');
      expect(pathExists(join(folder, 'l'))).toBe(false);
      removeFile(join(folder, 'l'));
      expect(lstatSync(join(folder, 'l'), { throwIfNoEntry: false })).toBeUndefined();
      expect(() => readWholeFile(join(folder, 'l'))).toThrow(expect.objectContaining({ code: 'not_found' }));
    }));
});
