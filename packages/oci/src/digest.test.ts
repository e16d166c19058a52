import { expect, test } from 'bun:test';
import * as fc from 'fast-check';
import { digestFault, parseDigest, splitDigest } from './digest.ts';
import { Digester, digestOf, matchesDigest } from './digester.ts';

const empty = 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

test('digestOf gives the well-known digest of nothing', () => {
  expect<string>(digestOf('')).toBe(empty);
});

test('Digester is blind to how the bytes are cut up', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array()), (pieces) => {
      const digester = new Digester('sha512');
      for (const piece of pieces) digester.update(piece);
      const whole = Buffer.concat(pieces);
      expect(digester.digest()).toBe(digestOf(whole, 'sha512'));
      expect(digester.sizeBytes).toBe(whole.length);
    }),
  );
});

test('parseDigest takes every digest that digestOf makes', () => {
  fc.assert(
    fc.property(
      fc.uint8Array(),
      fc.constantFrom('sha256' as const, 'sha384' as const, 'sha512' as const),
      (bytes, algorithm) => {
        const digest = digestOf(bytes, algorithm);
        expect(parseDigest(digest)).toBe(digest);
        expect(splitDigest(digest).algorithm).toBe(algorithm);
        expect(matchesDigest(bytes, digest)).toBe(true);
        expect(matchesDigest(Buffer.concat([bytes, Buffer.from('x')]), digest)).toBe(false);
      },
    ),
  );
});

test('digestFault speaks as go-digest', () => {
  expect(digestFault('')).toBe('invalid checksum digest format');
  expect(digestFault('sha256:')).toBe('invalid checksum digest format');
  expect(digestFault('sha256:abc')).toBe('invalid checksum digest length');
  expect(digestFault(`md5:${'a'.repeat(32)}`)).toBe('unsupported digest algorithm');
  expect(digestFault(empty.toUpperCase().replace('SHA', 'sha'))).toBe('invalid checksum digest format');
  expect(digestFault(`../${empty}`)).toBe('invalid checksum digest format');
});

test('digestFault never lets a path separator or NUL through', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      if (digestFault(text) === undefined) expect(text).toMatch(/^[a-z0-9]+:[a-f0-9]+$/);
    }),
  );
});
