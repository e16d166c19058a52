import { afterAll, describe, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { codeOf } from '@docker-ts/base/errors';
import { ShimLocator, shimBinaryName } from './runtime-name.ts';

const folder = mkdtempSync(join(tmpdir(), 'docker-ts-runtime-name-'));
const [program, path, cwd] = ['program', 'path', 'cwd'].map((name) => join(folder, name)) as [string, string, string];
for (const dir of [program, path, cwd]) mkdirSync(dir);
const install = (dir: string, name: string): string => {
  writeFileSync(join(dir, name), '#!/bin/true\n', { mode: 0o755 });
  return join(dir, name);
};
const locator = (overrides?: Map<string, string>): ShimLocator =>
  new ShimLocator({ programFolder: program, searchPath: path, workingFolder: cwd, ...(overrides && { overrides }) });

afterAll(() => rmSync(folder, { recursive: true }));

describe('shimBinaryName', () => {
  test('shimBinaryName takes the last two parts', () => {
    expect(shimBinaryName('io.containerd.runc.v2')).toBe('containerd-shim-runc-v2');
    expect(shimBinaryName('io.containerd.kata-qemu.v2')).toBe('containerd-shim-kata-qemu-v2');
  });

  test.each(['runc', '.v2', 'a/b.c', ''])('shimBinaryName refuses %p', (name) => {
    expect(() => shimBinaryName(name)).toThrow('invalid runtime name');
  });
});

describe('ShimLocator', () => {
  test('ShimLocator finds our shim beside the daemon for both names, before PATH', () => {
    install(path, 'containerd-shim-runc-ts-v2');
    expect(locator().resolve('io.containerd.runc.v2')).toStartWith(path);
    const beside = install(program, 'containerd-shim-runc-ts-v2');
    expect(locator().resolve('io.containerd.runc.v2')).toBe(beside);
    expect(locator().resolve('io.containerd.runc-ts.v2')).toBe(beside);
  });

  test('ShimLocator looks for other shims in the working directory, PATH, then beside the daemon', () => {
    const last = install(program, 'containerd-shim-x-v1');
    expect(locator().resolve('io.x.v1')).toBe(last);
    const second = install(path, 'containerd-shim-x-v1');
    expect(locator().resolve('io.x.v1')).toBe(second);
    const first = install(cwd, 'containerd-shim-x-v1');
    expect(locator().resolve('io.x.v1')).toBe(first);
  });

  test('ShimLocator obeys an override and takes absolute paths as they are', () => {
    const real = install(path, 'containerd-shim-real-v2');
    expect(locator(new Map([['io.containerd.runc.v2', real]])).resolve('io.containerd.runc.v2')).toBe(real);
    expect(locator().resolve(real)).toBe(real);
  });

  test('ShimLocator says what is not installed', () => {
    let caught: unknown;
    try {
      locator().resolve('io.nothing.v9');
    } catch (error) {
      caught = error;
    }
    expect(codeOf(caught)).toBe('not_found');
    expect(String(caught)).toContain('runtime "io.nothing.v9" binary not installed "containerd-shim-nothing-v9"');
  });
});
