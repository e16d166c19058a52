import { expect, test } from 'bun:test';
import { parseContainerId } from './id.ts';

test('parseContainerId takes what runc takes', () => {
  for (const id of ['a', 'A1_b-c.d+e', '..a']) expect(String(parseContainerId(id))).toBe(id);
});

test.each(['', '.', '..', 'a/b', 'a b', '../a', 'ä', 'a\n'])('parseContainerId refuses %p', (text) => {
  expect(() => parseContainerId(text)).toThrow(/container (?:id|ID)/);
});
