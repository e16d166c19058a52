import { expect, test } from 'bun:test';
import { chainId, chainIds } from './chain-id.ts';
import { digestOf } from './digester.ts';

test('chainId of one layer is its diff id, and of none nothing', () => {
  expect(chainId([digestOf('a')])).toBe(digestOf('a'));
  expect(chainId([])).toBeUndefined();
});

test('chainIds hashes the chain below, a space and the diff id', () => {
  const [a, b, c] = [digestOf('a'), digestOf('b'), digestOf('c')];
  expect(chainIds([a, b, c])).toEqual([a, digestOf(`${a} ${b}`), digestOf(`${digestOf(`${a} ${b}`)} ${c}`)]);
});
