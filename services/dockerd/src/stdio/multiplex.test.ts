import { describe, expect, test } from 'bun:test';
import * as fc from 'fast-check';
import { frame, frameHeaderBytes, type OutputStream } from './multiplex.ts';

const numbers = { stdout: 1, stderr: 2 } as const;

/** A reader of the format, as a client has it. */
function parse(bytes: Buffer): { stream: number; data: string }[] {
  const found: { stream: number; data: string }[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = bytes.readUInt32BE(at + 4);
    found.push({
      stream: bytes[at] ?? 0,
      data: bytes.toString('hex', at + frameHeaderBytes, at + frameHeaderBytes + length),
    });
    at += frameHeaderBytes + length;
  }
  return found;
}

describe('frame', () => {
  test('frame puts stream number and length in front', () => {
    expect([...frame('stderr', Buffer.from('hi'))]).toEqual([2, 0, 0, 0, 0, 0, 0, 2, 104, 105]);
  });

  test('frame is read back by a client, whatever the chunks', () => {
    const chunk = fc.record({ stream: fc.constantFrom<OutputStream>('stdout', 'stderr'), data: fc.uint8Array() });
    fc.assert(
      fc.property(fc.array(chunk), (chunks) => {
        const wire = Buffer.concat(chunks.map(({ stream, data }) => frame(stream, data)));
        expect(parse(wire)).toEqual(
          chunks.map(({ stream, data }) => ({ stream: numbers[stream], data: Buffer.from(data).toString('hex') })),
        );
      }),
    );
  });
});
