import { describe, expect, test } from 'bun:test';
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { createShape } from './create-shape.ts';
import { bodyLimitBytes, readJson } from './json-body.ts';

function request(
  body: string,
  headers: Record<string, string> = { 'content-type': 'application/json' },
): IncomingMessage {
  return Object.assign(Readable.from(body === '' ? [] : [Buffer.from(body)]), {
    headers,
  }) as unknown as IncomingMessage;
}

const messageFor = async (body: string, headers?: Record<string, string>): Promise<string> => {
  try {
    await readJson(request(body, headers), createShape);
    return '';
  } catch (error) {
    return (error as Error).message;
  }
};

describe('readJson', () => {
  test('readJson answers the document, and undefined for null', async () => {
    expect(await readJson<{ Image: string }>(request('{"Image":"x","New":1}'), createShape)).toMatchObject({
      Image: 'x',
    });
    expect(await readJson(request('null'), createShape)).toBeUndefined();
  });

  test('readJson refuses bodies in the original words', async () => {
    expect(await messageFor('{')).toBe('invalid JSON: unexpected EOF');
    expect(await messageFor('[]')).toBe(
      'invalid JSON: json: cannot unmarshal array into Go value of type container.CreateRequest',
    );
    expect(await messageFor('"x"')).toContain('cannot unmarshal string into Go value');
    expect(await messageFor('{"Image": 7}')).toBe(
      'invalid JSON: json: cannot unmarshal number into Go struct field .Image of type string',
    );
    expect(await messageFor('{"HostConfig":{"Memory":"lots"}}')).toBe(
      'invalid JSON: json: cannot unmarshal string into Go struct field .HostConfig.Memory of type int64',
    );
    expect(await messageFor('{} {}')).toBe('unexpected content after JSON');
    expect(await messageFor('')).toBe('invalid JSON: got EOF while reading request body');
    expect(await messageFor('{}', { 'content-type': 'text/plain' })).toBe(
      "unsupported Content-Type header (text/plain): must be 'application/json'",
    );
  });

  test('readJson is quick with bodies that are made to be slow', async () => {
    const braces = '}'.repeat(1_000_000);
    expect(await messageFor(`{"a":"${braces}`)).toContain('invalid JSON');
    expect(await messageFor(`{"a":${braces}`)).toContain('invalid JSON');
    expect(await messageFor(`{"a":"${String.raw`\"`.repeat(1_000_000)}`)).toContain('invalid JSON');
    expect(await messageFor('{"a":"}"} {}')).toBe('unexpected content after JSON');
  }, 2000);

  test('readJson stops at the limit, announced or not', async () => {
    const huge = `{"Image":"${'x'.repeat(bodyLimitBytes)}"}`;
    expect(await messageFor(huge)).toContain('request body too large');
    expect(await messageFor('{}', { 'content-type': 'application/json', 'content-length': '999999999' })).toContain(
      'request body too large',
    );
  });
});
