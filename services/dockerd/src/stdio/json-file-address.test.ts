import { expect, test } from 'bun:test';
import { formatJsonFileAddress } from './json-file-address.ts';

test('formatJsonFileAddress says everything about the log in one URL', () => {
  const address = formatJsonFileAddress({
    path: '/var/lib/a b/x-json.log',
    maxSizeBytes: 1024,
    maxFiles: 3,
    liveStdout: '/run/x/init-stdout',
    liveStderr: '/run/x/init-stderr',
    attrs: { 'a&b': 'c=d' },
  });
  const url = new URL(address);
  expect(url.protocol).toBe('json-file:');
  expect(decodeURI(url.pathname)).toBe('/var/lib/a b/x-json.log');
  expect(Object.fromEntries(url.searchParams)).toEqual({
    'max-size': '1024',
    'max-file': '3',
    'live-stdout': '/run/x/init-stdout',
    'live-stderr': '/run/x/init-stderr',
    attrs: '{"a&b":"c=d"}',
  });
});

test('formatJsonFileAddress leaves out what is at its default', () => {
  expect(formatJsonFileAddress({ path: '/l', maxSizeBytes: 0, maxFiles: 1, liveStdout: '/f', attrs: {} })).toBe(
    'json-file:///l?live-stdout=%2Ff',
  );
});
