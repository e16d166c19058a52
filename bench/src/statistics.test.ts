import { expect, test } from 'bun:test';
import { median, pairedRatio } from './statistics.ts';

test('median takes the middle of odd and the mean of even counts', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  expect(() => median([])).toThrow('nothing');
});

test('pairedRatio compares pair by pair', () => {
  expect(pairedRatio([1, 10, 3], [2, 20, 3])).toBe(0.5);
});
