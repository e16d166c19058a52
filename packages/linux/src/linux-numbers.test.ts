import { expect, test } from 'bun:test';
import { constants } from 'node:os';
import { errnoName, errnoNumbers } from './errno.ts';
import { signalNumbers } from './signal-number.ts';

test('errnoNumbers agrees with the C library on every name that node knows', () => {
  const numbers: Readonly<Record<string, number>> = errnoNumbers;
  const aliases = new Set(['EWOULDBLOCK', 'ENOTSUP']);
  for (const [name, value] of Object.entries(constants.errno))
    if (!aliases.has(name)) expect({ name, value: numbers[name] }).toEqual({ name, value });
});

test('errnoName names a number, or tells it', () => {
  expect(errnoName(11)).toBe('EAGAIN');
  expect(errnoName(95)).toBe('EOPNOTSUPP');
  expect(errnoName(4095)).toBe('errno 4095');
});

test('signalNumbers agrees with node', () => {
  const known: Readonly<Record<string, number>> = constants.signals;
  for (const [name, value] of Object.entries(signalNumbers))
    expect({ name, value: known[name] }).toEqual({ name, value });
  expect(Object.keys(signalNumbers).toSorted()).toEqual(Object.keys(known).toSorted());
});
