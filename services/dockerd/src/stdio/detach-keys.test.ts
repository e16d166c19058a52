import { describe, expect, test } from 'bun:test';
import * as fc from 'fast-check';
import { defaultDetachKeys, DetachKeyFilter, parseDetachKeys } from './detach-keys.ts';

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

describe('parseDetachKeys', () => {
  test('parseDetachKeys reads characters and control keys', () => {
    expect(parseDetachKeys('ctrl-p,ctrl-q')).toEqual([16, 17]);
    expect(parseDetachKeys('a,ctrl-@,ctrl-[,ctrl-_')).toEqual([97, 0, 27, 31]);
  });

  test('parseDetachKeys refuses keys that do not exist', () => {
    for (const text of ['ctrl-', 'ctrl-1', 'ab', 'a,,b', ''])
      expect(() => parseDetachKeys(text)).toThrow('Invalid escape keys');
  });
});

describe('DetachKeyFilter', () => {
  test('DetachKeyFilter detaches on the sequence, in one piece or in two', () => {
    expect(new DetachKeyFilter(defaultDetachKeys).push(bytes(97, 16, 17, 98))).toEqual({
      data: bytes(97),
      detached: true,
    });
    const split = new DetachKeyFilter(defaultDetachKeys);
    expect(split.push(bytes(16))).toEqual({ data: bytes(), detached: false });
    expect(split.push(bytes(17)).detached).toBe(true);
  });

  test('DetachKeyFilter lets a broken sequence through', () => {
    const filter = new DetachKeyFilter(defaultDetachKeys);
    filter.push(bytes(16));
    expect(filter.push(bytes(97))).toEqual({ data: bytes(16, 97), detached: false });
    expect(filter.push(bytes(16, 16))).toEqual({ data: bytes(16), detached: false });
    expect(filter.rest()).toEqual(bytes(16));
  });

  test('DetachKeyFilter passes every byte on, in order, when the sequence does not come', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ max: 16 })), (chunks) => {
        const filter = new DetachKeyFilter(defaultDetachKeys);
        const out = chunks.map((chunk) => filter.push(chunk).data);
        expect(Buffer.concat([...out, filter.rest()])).toEqual(Buffer.concat(chunks));
      }),
    );
  });
});
