import { afterEach, beforeEach, expect, test } from 'bun:test';
import { closeSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FifoHolder, makeFifo, openFifoForReading, openFifoForWriting } from './fifo.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fifo-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('makeFifo makes a FIFO of the given mode and refuses a second one', () => {
  makeFifo(join(folder, 'a'), 0o600);
  const stat = statSync(join(folder, 'a'));
  expect(stat.isFIFO()).toBe(true);
  expect(stat.mode & 0o777).toBe(0o600);
  expect(() => makeFifo(join(folder, 'a'))).toThrow('EEXIST');
});

test('openFifoForWriting answers undefined until somebody reads', () => {
  const path = join(folder, 'a');
  makeFifo(path);
  expect(openFifoForWriting(path)).toBeUndefined();
  const reader = openFifoForReading(path);
  const writer = openFifoForWriting(path);
  expect(writer).toBeNumber();
  closeSync(reader);
  closeSync(writer ?? -1);
});

test('FifoHolder counts as a reader and can be disposed twice', () => {
  const path = join(folder, 'a');
  makeFifo(path);
  const holder = new FifoHolder(path);
  closeSync(openFifoForWriting(path) ?? -1);
  holder[Symbol.dispose]();
  holder[Symbol.dispose]();
  expect(openFifoForWriting(path)).toBeUndefined();
});
