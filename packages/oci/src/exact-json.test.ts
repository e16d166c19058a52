import { expect, test } from 'bun:test';
import * as fc from 'fast-check';
import { formatExactJson, parseExactJson } from './exact-json.ts';

test('parseExactJson keeps every digit of RLIM_INFINITY and its neighbours', () => {
  const text = '{"soft":18446744073709551615,"hard":9007199254740993,"small":1024,"minus":-9223372036854775808}';
  expect(parseExactJson(text, 'config.json')).toEqual({
    soft: 18_446_744_073_709_551_615n,
    hard: 9_007_199_254_740_993n,
    small: 1024,
    minus: -9_223_372_036_854_775_808n,
  });
});

test('parseExactJson leaves fractions and digits inside of strings alone', () => {
  expect(parseExactJson('["18446744073709551615", 1.5, 1e20]', 'x')).toEqual(['18446744073709551615', 1.5, 1e20]);
});

test('parseExactJson names the document that is not JSON', () => {
  expect(() => parseExactJson('{', 'config.json')).toThrow(/^cannot read config.json: /);
});

test('formatExactJson and parseExactJson are inverse for all 64-bit numbers', () => {
  fc.assert(
    fc.property(fc.array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n })), (numbers) => {
      const read = parseExactJson(formatExactJson({ numbers }), 'x') as { numbers: (number | bigint)[] };
      expect(read.numbers.map(BigInt)).toEqual(numbers);
    }),
  );
});
