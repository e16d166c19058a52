import { describe, expect, test } from 'bun:test';
import * as fc from 'fast-check';
import { ByteBuffer } from './byte-buffer.ts';
import { JsonLineEncoder, type LineSink, maxLineBytes } from './json-line.ts';
import type { LineTime } from './line-time.ts';

const time: LineTime = { seconds: 1_767_323_045n, nanos: 120_000_000 };
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

interface Line {
  log: string;
  stream: string;
  time: string;
  attrs?: Record<string, string>;
}

function encodeAll(
  chunks: readonly Uint8Array[],
  attrs?: Record<string, string>,
  room = true,
): { raw: string; lines: Line[] } {
  const sink: LineSink = { buffer: new ByteBuffer(16), lineEnded: () => {}, hasRoom: () => room, linesEnded: () => {} };
  const encoder = new JsonLineEncoder(sink, 'stdout', attrs);
  for (const chunk of chunks) encoder.push(chunk, time);
  encoder.end(time);
  const raw = new TextDecoder().decode(sink.buffer.view);
  return {
    raw,
    lines: raw
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Line),
  };
}

/** Cuts `bytes` at the given places. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const sorted = [0, ...places.map((place) => place % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  return sorted.slice(1).map((end, index) => bytes.subarray(sorted[index], end));
}

describe('JsonLineEncoder', () => {
  test('writes the fields as Docker does, in its order', () => {
    const { raw } = encodeAll([encode('hi <&>\t"\\\r\n')], { a: 'b' });
    expect(raw).toBe(
      String.raw`{"log":"hi \u003c\u0026\u003e\u0009\"\\\r\n","stream":"stdout","attrs":{"a":"b"},"time":"2026-01-02T03:04:05.12Z"}` +
        '\n',
    );
  });

  test('gives back any text, however it was cut into chunks', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 300 }),
        fc.array(fc.nat(), { maxLength: 8 }),
        (text, places) => {
          const { lines } = encodeAll(cut(encode(text), places));
          expect(lines.map(({ log }) => log).join('')).toBe(new TextDecoder().decode(encode(text)));
          expect(lines.slice(0, -1).every(({ log }) => log.endsWith('\n'))).toBe(true);
        },
      ),
    );
  });

  test('makes valid JSON of any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.array(fc.nat(), { maxLength: 5 }), (bytes, places) => {
        const whole = encodeAll([bytes]).lines;
        expect(encodeAll(cut(bytes, places)).lines).toEqual(whole);
      }),
    );
  });

  test('cuts a long line into parts of 16 KiB, never through a character', () => {
    const text = `${'é'.repeat(20_000)}x`;
    const { lines } = encodeAll([encode(`a${text}\nnext\n`)]);
    expect(lines).toHaveLength(4);
    expect(lines.map(({ log }) => log).join('')).toBe(`a${text}\nnext\n`);
    expect(lines.slice(0, 2).map(({ log }) => Buffer.byteLength(log))).toEqual([maxLineBytes - 1, maxLineBytes]);
  });

  test('writes plain lines the quick way as the slow way would', () => {
    const word = fc.string({ unit: 'grapheme-ascii', maxLength: 40 });
    fc.assert(
      fc.property(fc.array(word), fc.array(fc.nat(), { maxLength: 5 }), (words, places) => {
        const chunks = cut(encode(words.join('\n')), places);
        expect(encodeAll(chunks, { é: 'ü' }).raw).toBe(encodeAll(chunks, { é: 'ü' }, false).raw);
      }),
    );
    const long = encode(`${'x'.repeat(10_000)}\n${'y'.repeat(maxLineBytes + 3)}\nz\n`);
    expect(encodeAll([long]).raw).toBe(encodeAll([long], undefined, false).raw);
    expect(encodeAll([long]).lines).toHaveLength(4);
  });

  test('replaces each byte that is not UTF-8', () => {
    const { lines } = encodeAll([Uint8Array.of(0x61, 0xff, 0xc0, 0x80, 0xed, 0xa0, 0x80, 0x62, 0x0a)]);
    expect(lines[0]?.log).toBe(`a${'\ufffd'.repeat(6)}b\n`);
  });
});
