/** 64-bit sizes and offsets of the wire as numbers. */
import { outOfRange } from '@docker-ts/base/errors';

/** @throws out_of_range past 2^53: no file is that long. */
export function byteCount(value: bigint): number {
  const count = Number(value);
  if (!Number.isSafeInteger(count)) throw outOfRange(`cannot handle size ${value}: out of range`);
  return count;
}
