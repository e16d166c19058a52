import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { codeOf } from '@docker-ts/base/errors';
import { applyWrites } from './control-file.ts';

const directory = mkdtempSync(join(tmpdir(), 'docker-ts-control-'));
afterAll(() => rmSync(directory, { recursive: true }));
const file = join(directory, 'pids.max');

test('applyWrites writes without creating or truncating', () => {
  writeFileSync(file, 'max     ');
  applyWrites([{ file, value: '20', field: 'linux.resources.pids.limit' }]);
  expect(readFileSync(file, 'utf8')).toBe('20x     ');
});

test('applyWrites names file, value and field, and creates nothing', () => {
  const missing = { file: join(directory, 'memory.max'), value: '5', field: 'linux.resources.memory.limit' };
  let caught: unknown;
  try {
    applyWrites([missing]);
  } catch (error) {
    caught = error;
  }
  expect(codeOf(caught)).toBe('failed_precondition');
  expect(String(caught)).toContain(
    `cannot set linux.resources.memory.limit: write "5" to ${missing.file}: no such file or directory`,
  );
});

test('applyWrites leaves out optional files that are not there', () => {
  expect(() => applyWrites([{ file: join(directory, 'none'), value: '1', field: 'x', optional: true }])).not.toThrow();
});

test('applyWrites reads back what the kernel may have clamped', () => {
  writeFileSync(file, '12');
  expect(() => applyWrites([{ file, value: '1', field: 'linux.resources.cpu.shares', exact: true }])).toThrow(
    'the minimum allowed value is 12',
  );
});
