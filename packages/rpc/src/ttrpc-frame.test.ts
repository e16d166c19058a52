import { describe, expect, test } from 'bun:test';
import * as fc from 'fast-check';
import { encodeFrame, type Frame, FrameDecoder, frameType, headerBytes, maxDataBytes } from './ttrpc-frame.ts';

const frames = fc.array(
  fc.record({
    streamId: fc.nat(0xffffffff),
    type: fc.nat(255),
    flags: fc.nat(255),
    data: fc.uint8Array({ maxLength: 300 }),
  }),
  { maxLength: 12 },
);

function encodeAll(all: readonly { streamId: number; type: number; flags: number; data: Uint8Array }[]): Uint8Array {
  return Buffer.concat(all.map(({ streamId, type, flags, data }) => encodeFrame(streamId, type, flags, data)));
}

/** Cuts `bytes` at the given places, in any order, as a socket might. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const at = [...places.map((place) => place % (bytes.length + 1)), bytes.length].toSorted((a, b) => a - b);
  return at.map((end, i) => bytes.slice(at[i - 1] ?? 0, end));
}

function decodeAll(pieces: readonly Uint8Array[]): { frames: Frame[]; decoder: FrameDecoder } {
  const decoder = new FrameDecoder();
  return { frames: pieces.flatMap((piece) => [...decoder.push(piece)]), decoder };
}

describe('FrameDecoder', () => {
  test('push gives back what encodeFrame made, however the bytes are cut', () => {
    fc.assert(
      fc.property(frames, fc.array(fc.nat(5000), { maxLength: 40 }), (all, places) => {
        const { frames: decoded, decoder } = decodeAll(cut(encodeAll(all), places));
        expect(decoded.map(({ data, ...header }) => ({ ...header, data: [...(data ?? [])] }))).toEqual(
          all.map(({ data, ...header }) => ({ ...header, length: data.length, data: [...data] })),
        );
        expect(decoder.atBoundary).toBe(true);
      }),
    );
  });

  test('push passes over the bytes of a frame that is too long and goes on with the next', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 3000 }),
        fc.array(fc.nat(maxDataBytes), { maxLength: 5 }),
        (excess, places) => {
          const tooLong = encodeFrame(7, frameType.request, 0, new Uint8Array(maxDataBytes + excess).fill(0xaa));
          const bytes = Buffer.concat([tooLong, encodeFrame(9, frameType.data, 1, new Uint8Array([1, 2]))]);
          const { frames: decoded } = decodeAll(cut(bytes, places));
          expect(decoded).toEqual([
            { streamId: 7, type: frameType.request, flags: 0, length: maxDataBytes + excess, data: undefined },
            { streamId: 9, type: frameType.data, flags: 1, length: 2, data: expect.anything() },
          ]);
        },
      ),
      { numRuns: 10 },
    );
  });

  test('push keeps a frame of exactly the limit', () => {
    const { frames: decoded } = decodeAll([encodeFrame(1, frameType.data, 0, new Uint8Array(maxDataBytes))]);
    expect(decoded[0]?.data).toHaveLength(maxDataBytes);
  });

  test('push takes any bytes without throwing or keeping more than a frame', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 })), (pieces) => {
        for (const { data, length } of decodeAll(pieces).frames) expect(data?.length ?? length).toBe(length);
      }),
    );
  });

  test('atBoundary is false within a header and within data', () => {
    const bytes = encodeFrame(1, 1, 0, new Uint8Array(5));
    for (let have = 1; have < headerBytes + 5; have += 1)
      expect(decodeAll([bytes.subarray(0, have)]).decoder.atBoundary).toBe(false);
  });
});

describe('encodeFrame', () => {
  test('encodeFrame writes the layout of the drawing', () => {
    expect([...encodeFrame(0x01020304, 2, 5, new Uint8Array([0xfe]))]).toEqual([0, 0, 0, 1, 1, 2, 3, 4, 2, 5, 0xfe]);
    expect(encodeFrame(1, 3, 4)).toHaveLength(headerBytes);
  });
});
