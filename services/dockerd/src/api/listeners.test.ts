import { expect, test } from 'bun:test';
import { parseHost } from './listeners.ts';

test('parseHost reads unix paths and TCP addresses', () => {
  expect(parseHost('unix:///run/x.sock', false)).toEqual({ kind: 'unix', path: '/run/x.sock' });
  expect(parseHost('tcp://0.0.0.0:1234', false)).toEqual({ kind: 'tcp', host: '0.0.0.0', port: 1234 });
  expect(parseHost('tcp://[::1]:1', false)).toEqual({ kind: 'tcp', host: '::1', port: 1 });
  expect(parseHost('tcp://h', true)).toEqual({ kind: 'tcp', host: 'h', port: 2376 });
  expect(parseHost('tcp://:2375', false)).toEqual({ kind: 'tcp', host: '127.0.0.1', port: 2375 });
});

test('parseHost refuses everything else', () => {
  for (const text of ['fd://', 'unix://relative', 'tcp://h:99999', 'http://x', ''])
    expect(() => parseHost(text, false)).toThrow('invalid -H address');
});
