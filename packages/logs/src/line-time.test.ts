import { expect, test } from 'bun:test';
import * as fc from 'fast-check';
import { formatLineTime } from './line-time.ts';

test('formatLineTime leaves out trailing zeros, as Go does', () => {
  expect(formatLineTime({ seconds: 1_767_323_045n, nanos: 0 })).toBe('2026-01-02T03:04:05Z');
  expect(formatLineTime({ seconds: 1_767_323_045n, nanos: 100 })).toBe('2026-01-02T03:04:05.0000001Z');
});

test('formatLineTime keeps every nanosecond', () => {
  fc.assert(
    fc.property(fc.bigInt(0n, 4_000_000_000n), fc.nat(999_999_999), (seconds, nanos) => {
      const [, fraction = ''] = formatLineTime({ seconds, nanos }).slice(0, -1).split('.');
      expect(Number(fraction.padEnd(9, '0'))).toBe(nanos);
    }),
  );
});
