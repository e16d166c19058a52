import { expect, test } from 'bun:test';
import { closeSync, readSync } from 'node:fs';
import { makePipe, setNonBlocking } from './byte-io.ts';
import { isTerminal, writeText } from './standard-stream.ts';

test('writeText writes all of it as UTF-8', () => {
  const { readEnd, writeEnd } = makePipe();
  writeText(writeEnd, '');
  writeText(writeEnd, 'grüße\n');
  closeSync(writeEnd);
  const buffer = Buffer.alloc(64);
  expect(buffer.toString('utf8', 0, readSync(readEnd, buffer))).toBe('grüße\n');
  closeSync(readEnd);
});

test('writeText waits for the reader of a full non-blocking pipe', async () => {
  const { readEnd, writeEnd } = makePipe();
  setNonBlocking(writeEnd);
  const reader = Bun.spawn(['wc', '-c'], { stdin: readEnd, stdout: 'pipe' });
  closeSync(readEnd);
  writeText(writeEnd, 'x'.repeat(1 << 20));
  closeSync(writeEnd);
  expect((await new Response(reader.stdout).text()).trim()).toBe(String(1 << 20));
});

test('writeText takes a reader that has gone for an end', () => {
  const { readEnd, writeEnd } = makePipe();
  closeSync(readEnd);
  writeText(writeEnd, 'x');
  expect(isTerminal(writeEnd)).toBe(false);
  closeSync(writeEnd);
});
