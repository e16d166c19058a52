import { describe, expect, test } from 'bun:test';
import * as fc from 'fast-check';
import { StreamWindowFilter } from './http2-window.ts';

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const [data, headers, rst, settings, update] = [0, 1, 3, 4, 8];

function frame(
  type: number,
  flags: number,
  streamId: number,
  payload: Uint8Array = new Uint8Array(),
): Buffer<ArrayBuffer> {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header.writeUInt8(type, 3);
  header.writeUInt8(flags, 4);
  header.writeUInt32BE(streamId, 5);
  return Buffer.concat([header, payload]);
}

function settingsFrame(...pairs: [number, number][]): Buffer<ArrayBuffer> {
  const payload = Buffer.alloc(pairs.length * 6);
  pairs.forEach(([id, value], i) => {
    payload.writeUInt16BE(id, i * 6);
    payload.writeUInt32BE(value, i * 6 + 2);
  });
  return frame(settings, 0, 0, payload);
}

function updateFrame(streamId: number, increment: number): Buffer<ArrayBuffer> {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(increment);
  return frame(update, 0, streamId, payload);
}

/** A filter whose session has sent its preface and the headers of some streams. */
function opened(...streamIds: number[]): StreamWindowFilter {
  const filter = new StreamWindowFilter();
  filter.toServer(preface);
  for (const id of streamIds) filter.toServer(frame(headers, 4, id, new Uint8Array(20)));
  return filter;
}

describe('StreamWindowFilter', () => {
  test('the first window passes, and a raised one becomes an update for each open stream', () => {
    const filter = opened();
    const first = settingsFrame([5, 16_384], [4, 70_000]);
    expect(Buffer.concat(filter.fromServer(first))).toEqual(first);
    filter.toServer(frame(headers, 4, 1));
    filter.toServer(frame(headers, 4, 3));
    expect(Buffer.concat(filter.fromServer(settingsFrame([4, 100_000], [5, 20_000])))).toEqual(
      Buffer.concat([settingsFrame([5, 20_000]), updateFrame(1, 30_000), updateFrame(3, 30_000)]),
    );
  });

  test('a server that says nothing at first starts from 65535', () => {
    const filter = opened(1);
    filter.fromServer(settingsFrame([5, 16_384]));
    expect(Buffer.concat(filter.fromServer(settingsFrame([4, 65_536])))).toEqual(
      Buffer.concat([settingsFrame(), updateFrame(1, 1)]),
    );
  });

  test('a stream opened after the raise gets the whole difference, once', () => {
    const filter = opened();
    filter.fromServer(settingsFrame());
    filter.fromServer(settingsFrame([4, 100_000]));
    filter.fromServer(settingsFrame([4, 200_000]));
    filter.toServer(frame(headers, 4, 1));
    expect(Buffer.concat(filter.takeUpdates())).toEqual(updateFrame(1, 200_000 - 65_535));
    filter.toServer(frame(data, 0, 1, new Uint8Array(10)));
    expect(filter.takeUpdates()).toEqual([]);
  });

  test('streams on which nothing more is sent get no updates', () => {
    const filter = opened(1, 3, 5, 7);
    filter.fromServer(settingsFrame());
    filter.toServer(frame(data, 1, 1));
    filter.toServer(frame(rst, 0, 3, new Uint8Array(4)));
    filter.fromServer(frame(rst, 0, 5, new Uint8Array(4)));
    expect(Buffer.concat(filter.fromServer(settingsFrame([4, 65_545])))).toEqual(
      Buffer.concat([settingsFrame(), updateFrame(7, 10)]),
    );
  });

  test('acknowledgements and a lowered window pass', () => {
    const filter = opened(1);
    filter.fromServer(settingsFrame([4, 100_000]));
    const rest = Buffer.concat([frame(settings, 1, 0), settingsFrame([4, 50_000])]);
    expect(Buffer.concat(filter.fromServer(rest))).toEqual(rest);
    filter.toServer(frame(headers, 4, 3));
    expect(filter.takeUpdates()).toEqual([]);
  });

  test('an update waits until no payload is under way', () => {
    const filter = opened();
    filter.fromServer(settingsFrame());
    filter.fromServer(settingsFrame([4, 65_545]));
    const body = frame(data, 0, 9, new Uint8Array(30).fill(7));
    const parts = filter.fromServer(body.subarray(0, 20));
    filter.toServer(frame(headers, 4, 1));
    expect(filter.takeUpdates()).toEqual([]);
    parts.push(...filter.fromServer(body.subarray(20)));
    expect(Buffer.concat(parts)).toEqual(Buffer.concat([body, updateFrame(1, 10)]));
  });

  test('other bytes pass unchanged, and windows add up, however the bytes are cut', () => {
    const other = fc.record({
      type: fc.constantFrom(data, headers, 6, 7, update, 9),
      flags: fc.nat(255),
      streamId: fc.nat(100),
      payload: fc.uint8Array({ maxLength: 50 }),
    });
    const raised = fc.integer({ min: 1, max: 5000 });
    fc.assert(
      fc.property(fc.array(fc.oneof(other, raised), { maxLength: 15 }), fc.array(fc.nat(1500)), (steps, cuts) => {
        const filter = opened(1001);
        let window = 65_535;
        const frames = steps.map((step) =>
          typeof step === 'number'
            ? settingsFrame([4, (window += step)])
            : frame(step.type, step.flags, step.streamId, step.payload),
        );
        const bytes = Buffer.concat([settingsFrame([3, 100]), ...frames]);
        const at = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].toSorted((a, b) => a - b);
        const out = Buffer.concat(at.flatMap((end, i) => filter.fromServer(bytes.subarray(at[i - 1] ?? 0, end))));
        const expected = [settingsFrame([3, 100])];
        for (const [i, step] of steps.entries())
          if (typeof step === 'number') expected.push(settingsFrame(), updateFrame(1001, step));
          else expected.push(frames[i]!);
        expect(out).toEqual(Buffer.concat(expected));
      }),
    );
  });
});
