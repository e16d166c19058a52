/** Nanoseconds since the epoch as RFC 3339 text with a fraction as long as it has to be, and back (Go's time.RFC3339Nano). */
const nsPerSecond = 1_000_000_000n;

export function formatTimeNs(ns: bigint): string {
  const seconds = ns / nsPerSecond;
  const fraction = (ns % nsPerSecond).toString().padStart(9, '0').replace(/0+$/, '');
  const text = new Date(Number(seconds) * 1000).toISOString().slice(0, -'.000Z'.length);
  return fraction === '' ? `${text}Z` : `${text}.${fraction}Z`;
}

/** @throws RangeError for what is no time. */
export function parseTimeNs(text: string): bigint {
  const match = /^(.*:\d\d)(?:\.(\d{1,9})\d*)?(Z|[+-]\d\d:\d\d)$/.exec(text.trim());
  const ms = match ? Date.parse(`${match[1]}${match[3]}`) : Number.NaN;
  if (!match || Number.isNaN(ms)) throw new RangeError(`no RFC 3339 time: ${text}`);
  return BigInt(ms) * 1_000_000n + BigInt((match[2] ?? '').padEnd(9, '0'));
}
