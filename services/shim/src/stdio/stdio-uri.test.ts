import { describe, expect, test } from 'bun:test';
import { parseOutput } from './stdio-uri.ts';

const stdio = (stdout: string) => ({ stdin: '', stdout, stderr: '', terminal: false });

describe('parseOutput', () => {
  test('tells nothing, FIFOs, files and loggers apart', () => {
    expect(parseOutput(stdio(''))).toEqual({ kind: 'null' });
    expect(parseOutput({ ...stdio(''), stdin: '/in' })).toEqual({ kind: 'fifo' });
    expect(parseOutput(stdio('/run/fifo/x y'))).toEqual({ kind: 'fifo' });
    expect(parseOutput(stdio('file:///var/log/a%20b'))).toEqual({ kind: 'file', path: '/var/log/a b' });
    expect(parseOutput(stdio('binary-v2:///bin/l?a=1&b=2'))).toEqual({
      kind: 'binary',
      path: '/bin/l',
      args: ['a', '1', 'b', '2'],
      strictReady: true,
    });
  });

  test('reads json-file with all its settings', () => {
    const attrs = encodeURIComponent('{"tag":"é"}');
    const uri = `json-file:///l/x-json.log?max-size=10000&max-file=3&live-stdout=/f/o&live-stderr=/f/e&attrs=${attrs}`;
    expect(parseOutput(stdio(uri))).toEqual({
      kind: 'json-file',
      path: '/l/x-json.log',
      maxSizeBytes: 10_000,
      maxFiles: 3,
      liveStdout: '/f/o',
      liveStderr: '/f/e',
      attrs: { tag: 'é' },
    });
    expect(parseOutput(stdio('json-file:///x'))).toMatchObject({
      maxSizeBytes: undefined,
      liveStdout: undefined,
      attrs: {},
    });
  });

  test.each([
    ['gopher:///x', 'unknown STDIO scheme gopher'],
    ['file://host/x', 'its path is not absolute'],
    ['json-file:///x?max-size=0', 'not a positive integer'],
    ['json-file:///x?attrs=[1]', 'not an object of strings'],
    ['json-file:///x?attrs={', 'not JSON'],
  ])('refuses %s', (uri, message) => {
    expect(() => parseOutput(stdio(uri))).toThrow(message);
  });
});
