import { expect, test } from 'bun:test';
import * as fc from 'fast-check';
import { digestOf } from './digester.ts';
import {
  familiarName,
  familiarReference,
  formatReference,
  parseDockerReference,
  parseFullReference,
  parseNormalizedReference,
  parseReference,
  withDefaultTag,
  withDigest,
  withoutTagAndDigest,
  withTag,
} from './reference.ts';

const digest = digestOf('');

test.each([
  ['busybox', 'docker.io/library/busybox:latest', 'busybox:latest'],
  ['busybox:1.36', 'docker.io/library/busybox:1.36', 'busybox:1.36'],
  ['library/busybox', 'docker.io/library/busybox:latest', 'busybox:latest'],
  ['docker.io/busybox', 'docker.io/library/busybox:latest', 'busybox:latest'],
  ['index.docker.io/busybox', 'docker.io/library/busybox:latest', 'busybox:latest'],
  ['user/app', 'docker.io/user/app:latest', 'user/app:latest'],
  ['docker.io/library/a/b', 'docker.io/library/a/b:latest', 'library/a/b:latest'],
  ['localhost/app', 'localhost/app:latest', 'localhost/app:latest'],
  ['registry:5000/app:v1', 'registry:5000/app:v1', 'registry:5000/app:v1'],
  ['127.0.0.1:5000/a/b', '127.0.0.1:5000/a/b:latest', '127.0.0.1:5000/a/b:latest'],
  ['[::1]:5000/app', '[::1]:5000/app:latest', '[::1]:5000/app:latest'],
  ['UPPER/app', 'UPPER/app:latest', 'UPPER/app:latest'],
  [`busybox@${digest}`, `docker.io/library/busybox@${digest}`, `busybox@${digest}`],
  [`busybox:1@${digest}`, `docker.io/library/busybox:1@${digest}`, `busybox:1@${digest}`],
])('parseReference reads %s', (text, full, familiar) => {
  const reference = withDefaultTag(parseReference(text));
  expect(formatReference(reference)).toBe(full);
  expect(familiarReference(reference)).toBe(familiar);
});

test.each([
  ['', 'invalid reference format'],
  ['Busybox', 'invalid reference format: repository name (library/Busybox) must be lowercase'],
  ['user/App', 'invalid reference format: repository name (user/App) must be lowercase'],
  ['a b', 'invalid reference format'],
  [':tag', 'invalid reference format'],
  ['busybox:', 'invalid reference format'],
  ['busybox:-x', 'invalid reference format'],
  [`busybox:${'t'.repeat(129)}`, 'invalid reference format'],
  ['busybox@sha256:123', 'invalid reference format'],
  [`busybox@sha256:${'a'.repeat(40)}`, 'invalid checksum digest length'],
  ['-busybox', 'invalid reference format'],
  ['a//b', 'invalid reference format'],
  ['../etc', 'invalid reference format'],
  ['a/../b', 'invalid reference format'],
  ['a'.repeat(64), `invalid repository name (${'a'.repeat(64)}), cannot specify 64-byte hexadecimal strings`],
  [`x/${'a'.repeat(256)}`, 'repository name must not be more than 255 characters'],
  ['a'.repeat(5000), 'invalid reference format'],
])('parseReference refuses "%s"', (text, message) => {
  expect(() => parseReference(text)).toThrow(new RegExp(`^${message.replace(/[().]/g, '\\$&')}$`));
});

test('parseFullReference adds no domain and tells of capitals', () => {
  expect(parseFullReference('a/b')).toEqual({ domain: 'a', path: 'b' });
  expect(() => parseFullReference('')).toThrow('repository name must have at least one component');
  expect(() => parseFullReference('a.b/App')).toThrow('repository name must be lowercase');
});

test('parseNormalizedReference wants the full form', () => {
  expect(formatReference(parseNormalizedReference('docker.io/library/busybox:1'))).toBe('docker.io/library/busybox:1');
  expect(() => parseNormalizedReference('busybox')).toThrow('repository name must be canonical');
});

test('parseDockerReference drops the tag beside a digest', () => {
  expect(formatReference(parseDockerReference(`busybox:1@${digest}`))).toBe(`docker.io/library/busybox@${digest}`);
  expect(formatReference(parseDockerReference('busybox'))).toBe('docker.io/library/busybox:latest');
});

test('withTag, withDigest and withoutTagAndDigest change one part', () => {
  const reference = parseReference('busybox');
  expect(familiarReference(withTag(reference, 'x'))).toBe('busybox:x');
  expect(() => withTag(reference, 'a/b')).toThrow('invalid tag format');
  expect(familiarName(withoutTagAndDigest(withDigest(withTag(reference, 'x'), digest)))).toBe('busybox');
});

const component = fc.stringMatching(/^[a-z0-9]+(?:(?:[._]|__|-{1,3})[a-z0-9]+){0,2}$/);
const host = fc.stringMatching(/^[a-z][a-z0-9]{0,8}\.[a-z]{2,4}(?::[0-9]{2,5})?$/);
const tag = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}$/);

test('parseReference reads back what formatReference wrote, in both forms', () => {
  fc.assert(
    fc.property(
      host,
      fc.array(component, { minLength: 1, maxLength: 4 }),
      fc.option(tag),
      (domain, parts, chosenTag) => {
        const path = parts.join('/');
        fc.pre(path.length <= 255 && !(domain === 'docker.io' && parts.length === 1));
        const reference = { domain, path, ...(chosenTag === null ? {} : { tag: chosenTag }) };
        expect(parseReference(formatReference(reference))).toEqual(reference);
        expect(parseReference(familiarReference(reference))).toEqual(reference);
      },
    ),
  );
});

test('parseReference never takes what could climb out of a directory', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('.', '/', 'a', 'A', ':', '@', '-', '_', '\0', ' ') }), (text) => {
      let name: string;
      try {
        name = formatReference(parseReference(text));
      } catch {
        return;
      }
      expect(['..', '//', '\0'].some((part) => name.includes(part))).toBe(false);
    }),
  );
});
