import { describe, expect, test } from 'bun:test';
import { BootstrapResult } from '@docker-ts/rpc/gen/containerd/runtime/bootstrap/v1/bootstrap';
import { formatBootstrap, parseStartAnswer, unixPath } from './bootstrap.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('parseStartAnswer', () => {
  test('parseStartAnswer takes a plain address for version 2', () => {
    expect(parseStartAnswer(bytes('unix:///run/containerd/s/ab\n'))).toEqual({
      version: 2,
      address: 'unix:///run/containerd/s/ab',
      protocol: 'ttrpc',
    });
  });

  test('parseStartAnswer reads JSON, and formatBootstrap writes what it reads', () => {
    const answer = parseStartAnswer(bytes('{"version":3,"address":"unix:///s","protocol":"ttrpc"}'));
    expect(answer).toEqual({ version: 3, address: 'unix:///s', protocol: 'ttrpc' });
    expect(parseStartAnswer(bytes(formatBootstrap(answer)))).toEqual(answer);
  });

  test('parseStartAnswer reads the binary answer of 2.3', () => {
    const answer = { version: 3, address: 'unix:///s', protocol: 'ttrpc' } as const;
    expect(parseStartAnswer(BootstrapResult.encode(BootstrapResult.fromPartial(answer)).finish())).toEqual(answer);
  });

  test.each([
    ['', 'it is empty'],
    ['{"version":4,"address":"unix:///s"}', 'unsupported shim version (4)'],
    ['{"version":3,"address":"unix:///s","protocol":"grpc"}', 'unsupported protocol: grpc'],
    ['{"version":3', 'malformed JSON'],
    ['panic: no', 'not a unix socket'],
  ])('parseStartAnswer refuses %p', (text, message) => {
    expect(() => parseStartAnswer(bytes(text))).toThrow(message);
  });
});

test('unixPath takes the scheme off', () => {
  expect(unixPath('unix:///run/s')).toBe('/run/s');
});
