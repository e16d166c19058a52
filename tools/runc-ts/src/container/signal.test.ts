import { expect, test } from 'bun:test';
import { parseSignal } from './signal.ts';

test.each([
  ['9', 9],
  ['KILL', 9],
  ['SIGKILL', 9],
  ['sigterm', 15],
  ['RTMIN', 34],
  ['SIGRTMIN+3', 37],
  ['RTMAX-1', 63],
  ['0', 0],
])('parseSignal reads %p as %p', (text, number) => {
  expect(parseSignal(text)).toBe(number);
});

test.each(['', 'NOPE', '65', '-1', '9x', 'RTMIN+31'])('parseSignal refuses %p', (text) => {
  expect(() => parseSignal(text)).toThrow(`unknown signal "${text}"`);
});
