import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LogReadOptions, readJsonFileLog } from './json-file-reader.ts';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'log-'));
  path = join(folder, 'x-json.log');
});
afterEach(() => rmSync(folder, { recursive: true }));

const line = (text: string, second = 0): string =>
  `${JSON.stringify({ log: `${text}\n`, stream: 'stdout', time: `2026-01-01T00:00:${String(second).padStart(2, '0')}Z` })}\n`;

async function read(options: Omit<LogReadOptions, 'path'> = {}): Promise<string[]> {
  const found: string[] = [];
  for await (const batch of readJsonFileLog({ path, ...options })) found.push(...batch.map(({ text }) => text.trim()));
  return found;
}

describe('readJsonFileLog', () => {
  test('readJsonFileLog reads rotated files oldest first', async () => {
    writeFileSync(`${path}.2`, line('1'));
    writeFileSync(`${path}.1`, line('2') + line('3'));
    writeFileSync(path, line('4'));
    expect(await read()).toEqual(['1', '2', '3', '4']);
    for (const [tail, expected] of [
      [0, []],
      [1, ['4']],
      [2, ['3', '4']],
      [4, ['1', '2', '3', '4']],
      [99, ['1', '2', '3', '4']],
    ] as const)
      expect(await read({ tail })).toEqual([...expected]);
  });

  test('readJsonFileLog finds the tail of a file that is larger than a block', async () => {
    writeFileSync(path, Array.from({ length: 20_000 }, (_, i) => line(String(i))).join(''));
    expect(await read({ tail: 3 })).toEqual(['19997', '19998', '19999']);
    expect(await read({ tail: 15_000 })).toHaveLength(15_000);
  });

  test('readJsonFileLog keeps to its bounds and passes torn lines over', async () => {
    writeFileSync(path, `${line('a', 1)}{"log":"torn\n${line('b', 2)}${line('c', 3)}`);
    expect(await read()).toEqual(['a', 'b', 'c']);
    expect(await read({ sinceNs: 1_767_225_602_000_000_000n })).toEqual(['b', 'c']);
    expect(await read({ untilNs: 1_767_225_602_000_000_000n })).toEqual(['a', 'b']);
  });

  test('readJsonFileLog of no file is empty', async () => {
    expect(await read()).toEqual([]);
  });

  test('readJsonFileLog follows writes, rotation and emptying, to the end', async () => {
    writeFileSync(path, line('1'));
    let over = false;
    const following = read({ follow: { signal: new AbortController().signal, ended: () => over } });
    await Bun.sleep(30);
    appendFileSync(path, line('2'));
    await Bun.sleep(30);
    appendFileSync(path, line('3'));
    renameSync(path, `${path}.1`);
    writeFileSync(path, line('4'));
    await Bun.sleep(30);
    writeFileSync(path, line('5').slice(0, 10));
    await Bun.sleep(30);
    appendFileSync(path, line('5').slice(10));
    over = true;
    expect(await following).toEqual(['1', '2', '3', '4', '5']);
  });

  test('readJsonFileLog stops following on the signal', async () => {
    const controller = new AbortController();
    const following = read({ follow: { signal: controller.signal, ended: () => false } });
    await Bun.sleep(10);
    controller.abort();
    expect(await following).toEqual([]);
  });
});
