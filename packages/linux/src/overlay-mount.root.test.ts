import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unmountAll } from './mount.ts';
import { maxOptionBytes, mountByDescriptors, mountOverlay } from './overlay-mount.ts';

let folder: string;
let target: string;

const layersOf = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => {
    const layer = join(folder, `layer-with-a-name-that-takes-its-place-${index}`, 'fs');
    mkdirSync(layer, { recursive: true });
    writeFileSync(join(layer, `file-${index}`), String(index));
    return layer;
  });

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'docker-ts-overlay-'));
  target = join(folder, 'target');
  for (const name of ['target', 'upper', 'work']) mkdirSync(join(folder, name));
});
afterEach(() => {
  unmountAll(target);
  rmSync(folder, { recursive: true });
});

describe('mountOverlay', () => {
  test.each([2, 128])('mountOverlay mounts %d lower directories below a writable one', (count) => {
    const layers = layersOf(count);
    const options = [`lowerdir=${layers.join(':')}`, `upperdir=${folder}/upper`, `workdir=${folder}/work`, 'index=off'];
    if (count > 100) expect(options.join(',').length).toBeGreaterThan(maxOptionBytes);
    mountOverlay(target, 0n, options);
    expect(readFileSync(join(target, 'file-0'), 'utf8')).toBe('0');
    expect(readFileSync(join(target, `file-${count - 1}`), 'utf8')).toBe(String(count - 1));
    writeFileSync(join(target, 'new'), '');
    expect(existsSync(join(folder, 'upper', 'new'))).toBe(true);
  });

  test('mountByDescriptors does the same without lowerdir+', () => {
    mountByDescriptors(target, 0n, [`upperdir=${folder}/upper`, `workdir=${folder}/work`], layersOf(100));
    expect(readFileSync(join(target, 'file-99'), 'utf8')).toBe('99');
  });
});
