/**
 * Moments as clients give them in `since`, `until` and filters: seconds since the epoch with a fraction, RFC 3339, or a
 * duration before now in Go's notation (`1h30m`).
 */
import { invalidArgument } from '@docker-ts/base/errors';
import { nowNs, parseTimeNs } from './clock.ts';

const unitNs: Readonly<Record<string, number>> = { ns: 1, us: 1e3, µs: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };

function durationNs(text: string): bigint | undefined {
  if (!/^(\d+(?:\.\d*)?(?:ns|us|µs|ms|s|m|h))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d*)?)(ns|us|µs|ms|s|m|h)/g))
    total += Number(amount) * (unitNs[unit ?? ''] ?? 0);
  return BigInt(Math.round(total));
}

/** Nanoseconds since the epoch; invalid_argument for what is no moment. */
export function parseMoment(text: string): bigint {
  const seconds = /^(-?\d+)(?:\.(\d{1,9}))?$/.exec(text);
  if (seconds !== null) return BigInt(seconds[1] ?? 0) * 1_000_000_000n + BigInt((seconds[2] ?? '').padEnd(9, '0'));
  const duration = durationNs(text);
  if (duration !== undefined) return nowNs() - duration;
  const withZone = /(?:Z|[+-]\d\d:\d\d)$/.test(text) ? text : `${text.includes('T') ? text : `${text}T00:00:00`}Z`;
  const ns = parseTimeNs(withZone);
  if (ns === 0n || Number.isNaN(Number(ns)))
    throw invalidArgument(`failed to parse value as time or duration: "${text}"`);
  return ns;
}
