/** Times as the Engine API writes them: RFC 3339, UTC, as many digits of the second as are needed (Go's RFC3339Nano). */
import { nsFromTimestamp } from '@docker-ts/rpc/timestamp';
import type { Timestamp } from '@docker-ts/rpc/gen/google/protobuf/timestamp';

const nsPerMs = 1_000_000n;

/** Nanoseconds since the epoch as RFC 3339. */
export function formatTime(ns: bigint): string {
  const seconds = ns / 1_000_000_000n;
  const fraction = String(ns % 1_000_000_000n)
    .padStart(9, '0')
    .replace(/0+$/, '');
  const whole = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  return fraction === '' ? `${whole}Z` : `${whole}.${fraction}Z`;
}

/**
 * The wall clock, finer than Date has it: the monotonic clock carries on from a millisecond edge, and is set anew when the two
 * have come apart (a clock step).
 */
let wallNs = BigInt(Date.now()) * nsPerMs;
let monotonicNs = process.hrtime.bigint();

export function nowNs(): bigint {
  const ns = wallNs + (process.hrtime.bigint() - monotonicNs);
  const wall = BigInt(Date.now()) * nsPerMs;
  const drift = ns - wall;
  if (drift >= 0n && drift < 2n * nsPerMs) return ns;
  wallNs = wall;
  monotonicNs = process.hrtime.bigint();
  return wall;
}

export const now = (): string => formatTime(nowNs());

export const timeOf = (timestamp: Timestamp): string => formatTime(nsFromTimestamp(timestamp));

/** Nanoseconds since the epoch of an RFC 3339 time with up to nine digits of the second; 0 for what is none. */
export function parseTimeNs(text: string): bigint {
  const match = /^(.*?:\d\d:\d\d)(?:\.(\d{1,9})\d*)?(Z|[+-]\d\d:\d\d)$/.exec(text);
  if (match === null) return 0n;
  const ms = Date.parse(`${match[1]}${match[3]}`);
  return Number.isNaN(ms) ? 0n : BigInt(ms) * nsPerMs + BigInt((match[2] ?? '').padEnd(9, '0'));
}
