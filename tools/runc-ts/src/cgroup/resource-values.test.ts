import { expect, test } from 'bun:test';
import type { LinuxMemory } from '@docker-ts/oci/runtime-spec';
import { cpuWeight, ioWeight, pidsMax, rdmaLine, setValue, swapMax } from './resource-values.ts';

test('cpuWeight keeps least, usual and greatest, and agrees with runc between them', () => {
  const pairs = [
    [0, 1],
    [2, 1],
    [256, 35],
    [512, 59],
    [1024, 100],
    [2048, 174],
    [262_144, 10_000],
    [300_000, 10_000],
  ] as const;
  for (const [shares, weight] of pairs) expect(cpuWeight(BigInt(shares))).toBe(BigInt(weight));
});

test('ioWeight maps 10 … 1000 onto 1 … 10000', () => {
  expect([10, 500, 1000].map(ioWeight)).toEqual([1n, 4950n, 10_000n]);
});

test('pidsMax knows no limit, and no limit of 0', () => {
  expect(pidsMax({})).toBeUndefined();
  expect(pidsMax({ limit: -1 })).toBe('max');
  expect(pidsMax({ limit: 0 })).toBe('1');
  expect(pidsMax({ limit: 100 })).toBe('100');
});

test('swapMax takes memory out of memory and swap', () => {
  const cases: [LinuxMemory, string | undefined][] = [
    [{}, undefined],
    [{ limit: 100 }, undefined],
    [{ limit: -1 }, 'max'],
    [{ limit: 100, swap: 100 }, '0'],
    [{ limit: 100, swap: 300 }, '200'],
    [{ limit: 100, swap: -1 }, 'max'],
    [{ limit: -1, swap: 300 }, '300'],
    [{ limit: 2n ** 62n, swap: 2n ** 62n + 1n }, '1'],
  ];
  for (const [memory, expected] of cases) expect(swapMax(memory)).toBe(expected);
});

test('swapMax refuses swap that it cannot work out', () => {
  expect(() => swapMax({ swap: 100 })).toThrow('it needs a memory limit');
  expect(() => swapMax({ limit: 200, swap: 100 })).toThrow('must be at least memory');
  expect(() => swapMax({ limit: -5, swap: 100 })).toThrow('-5 is not a limit');
});

test('setValue takes 0 for not set', () => {
  expect(setValue(0)).toBeUndefined();
  expect(setValue(0n)).toBeUndefined();
  expect(setValue(-1)).toBe(-1n);
});

test('rdmaLine names what is limited only', () => {
  expect(rdmaLine('mlx5_1', { hcaHandles: 3, hcaObjects: 1000 })).toBe('mlx5_1 hca_handle=3 hca_object=1000');
  expect(rdmaLine('mlx5_1', { hcaObjects: 1 })).toBe('mlx5_1 hca_object=1');
});
