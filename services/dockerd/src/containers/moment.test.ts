import { expect, test } from 'bun:test';
import * as fc from 'fast-check';
import { formatTime, nowNs, parseTimeNs } from './clock.ts';
import { parseMoment } from './moment.ts';

test('formatTime and parseTimeNs are inverse', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 1n, max: 4_000_000_000_000_000_000n }), (ns) => {
      expect(parseTimeNs(formatTime(ns))).toBe(ns);
    }),
  );
  expect(formatTime(1_000_000_000n)).toBe('1970-01-01T00:00:01Z');
  expect(parseTimeNs('nonsense')).toBe(0n);
});

test('nowNs rises and stays close to the wall clock', () => {
  const times = Array.from({ length: 1000 }, () => nowNs());
  expect(times.every((time, index) => index === 0 || time >= (times[index - 1] ?? 0n))).toBe(true);
  expect(Math.abs(Number(nowNs() / 1_000_000n) - Date.now())).toBeLessThan(50);
});

test('parseMoment reads seconds, times and durations', () => {
  expect(parseMoment('12.5')).toBe(12_500_000_000n);
  expect(parseMoment('2026-01-02T03:04:05.000000006Z')).toBe(1_767_323_045_000_000_006n);
  expect(parseMoment('2026-01-02')).toBe(parseMoment('2026-01-02T00:00:00Z'));
  const hourAgo = nowNs() - 3_600_000_000_000n;
  expect(parseMoment('1h') >= hourAgo && parseMoment('1h0m') < hourAgo + 60_000_000_000n).toBe(true);
  for (const text of ['soon', '1x', '']) expect(() => parseMoment(text)).toThrow();
});
