/**
 * google.protobuf.Timestamp to and from nanoseconds since the epoch (bigint) and Date. Go's zero time, year 1, is what Go
 * peers send for "not yet": it is a value here too, told apart with `isZeroTime`.
 */
import type { Timestamp } from './gen/google/protobuf/timestamp.ts';

const nsPerSecond = 1_000_000_000n;

/** Go's `time.Time{}`: 0001-01-01T00:00:00Z. */
export const zeroTime: Readonly<Timestamp> = { seconds: -62_135_596_800n, nanos: 0 };

/** True if the time is absent or Go's zero time. */
export function isZeroTime(timestamp: Timestamp | undefined): boolean {
  return timestamp === undefined || (timestamp.seconds === zeroTime.seconds && timestamp.nanos === 0);
}

export function timestampFromNs(ns: bigint): Timestamp {
  let seconds = ns / nsPerSecond;
  let nanos = ns % nsPerSecond;
  if (nanos < 0n) {
    seconds -= 1n;
    nanos += nsPerSecond;
  }
  return { seconds, nanos: Number(nanos) };
}

export function nsFromTimestamp(timestamp: Timestamp): bigint {
  return timestamp.seconds * nsPerSecond + BigInt(timestamp.nanos);
}

export function timestampFromDate(date: Date): Timestamp {
  return timestampFromNs(BigInt(date.getTime()) * 1_000_000n);
}

/** Cut to milliseconds, as Date has no more. */
export function dateFromTimestamp(timestamp: Timestamp): Date {
  return new Date(Number(timestamp.seconds) * 1000 + Math.trunc(timestamp.nanos / 1_000_000));
}

/** The current time of the wall clock, in milliseconds as Date tells it. (performance.now() is finer but misses clock steps.) */
export function timestampNow(): Timestamp {
  return timestampFromNs(BigInt(Date.now()) * 1_000_000n);
}
