import { expect, test } from 'bun:test';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SystemError } from './libc.ts';
import { mount, MS, readMountInfo, unmount, unmountAll } from './mount.ts';

test('mount shows up in readMountInfo and unmountAll takes it away, twice over', () => {
  const target = mkdtempSync(join(tmpdir(), 'docker-ts-mount-'));
  mount('tmpfs', target, 'tmpfs', MS.NOSUID, 'size=64k');
  mount('tmpfs', target, 'tmpfs', MS.NODEV, 'size=64k');
  expect(readMountInfo().filter((entry) => entry.mountPoint === target)).toHaveLength(2);
  unmountAll(target);
  expect(readMountInfo().some((entry) => entry.mountPoint === target)).toBe(false);
  unmountAll(target);
  rmdirSync(target);
});

test('unmount names the errno of what is not mounted', () => {
  let caught: unknown;
  try {
    unmount('/proc/self/nothing');
  } catch (error) {
    caught = error;
  }
  expect(caught).toBeInstanceOf(SystemError);
  expect((caught as SystemError).errnoName).toBe('ENOENT');
  expect((caught as SystemError).code).toBe('not_found');
});
