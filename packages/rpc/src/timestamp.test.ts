import { expect, test } from 'bun:test';
import * as fc from 'fast-check';
import {
  dateFromTimestamp,
  isZeroTime,
  nsFromTimestamp,
  timestampFromDate,
  timestampFromNs,
  timestampNow,
  zeroTime,
} from './timestamp.ts';

test('timestampFromNs and nsFromTimestamp are inverse, and nanos never leave their range', () => {
  fc.assert(
    fc.property(fc.bigInt(-(2n ** 90n), 2n ** 90n), (ns) => {
      const timestamp = timestampFromNs(ns);
      expect(nsFromTimestamp(timestamp)).toBe(ns);
      expect(timestamp.nanos).toBeWithin(0, 1_000_000_000);
    }),
  );
});

test('timestampFromDate and dateFromTimestamp are inverse, before the epoch too', () => {
  fc.assert(
    fc.property(fc.date({ noInvalidDate: true }), (date) => {
      expect(dateFromTimestamp(timestampFromDate(date))).toEqual(date);
    }),
  );
});

test('dateFromTimestamp cuts what Date cannot hold', () => {
  expect(dateFromTimestamp({ seconds: 1n, nanos: 2_999_999 }).getTime()).toBe(1002);
});

test("isZeroTime knows Go's zero time and absence", () => {
  expect(dateFromTimestamp(zeroTime).toISOString()).toBe('0001-01-01T00:00:00.000Z');
  expect([zeroTime, undefined, { seconds: 0n, nanos: 0 }].map(isZeroTime)).toEqual([true, true, false]);
});

test('timestampNow is the wall clock', () => {
  expect(Math.abs(dateFromTimestamp(timestampNow()).getTime() - Date.now())).toBeLessThan(1000);
});
