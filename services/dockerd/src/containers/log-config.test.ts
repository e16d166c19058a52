import { expect, test } from 'bun:test';
import { logAttributes, logLimits, parseSize, verifyLogConfig } from './log-config.ts';

test('parseSize counts in 1024', () => {
  expect([parseSize('10m'), parseSize('512k'), parseSize('7'), parseSize('1.5g'), parseSize('2KB')]).toEqual([
    10_485_760, 524_288, 7, 1_610_612_736, 2048,
  ]);
  expect(() => parseSize('lots')).toThrow("invalid size: 'lots'");
});

test('verifyLogConfig refuses unknown drivers and options', () => {
  verifyLogConfig({ Type: 'json-file', Config: { 'max-size': '1m', 'max-file': '3' } });
  expect(() => verifyLogConfig({ Type: 'foo' })).toThrow("logger: no log driver named 'foo' is registered");
  expect(() => verifyLogConfig({ Type: 'json-file', Config: { what: 'x' } })).toThrow(
    "unknown log opt 'what' for json-file log driver",
  );
  expect(() => logLimits({ Config: { 'max-file': '2' } })).toThrow('max-file cannot be set without max-size');
});

test('logAttributes picks the wanted labels and variables', () => {
  expect(logAttributes({ Config: { labels: 'a, b', env: 'X' } }, { a: '1', c: '2' }, ['X=y=z', 'W=1'])).toEqual({
    a: '1',
    X: 'y=z',
  });
});
