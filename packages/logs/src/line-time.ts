/** Go's time.RFC3339Nano in UTC, as Docker's log lines have it: trailing zeros of the fraction are left out. */

export interface LineTime {
  /** Since the epoch. */
  readonly seconds: bigint;
  readonly nanos: number;
}

let cachedSeconds = -1n;
let cachedText = '';

/** `2026-01-02T03:04:05.000000006Z`. */
export function formatLineTime({ seconds, nanos }: LineTime): string {
  if (seconds !== cachedSeconds) {
    cachedText = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
    cachedSeconds = seconds;
  }
  if (nanos === 0) return `${cachedText}Z`;
  let fraction = String(nanos).padStart(9, '0');
  let end = fraction.length;
  while (fraction.charCodeAt(end - 1) === 0x30) end -= 1;
  fraction = fraction.slice(0, end);
  return `${cachedText}.${fraction}Z`;
}

const pattern = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,9})\d*)?(Z|[+-]\d{2}:\d{2})$/;

/** Nanoseconds since the epoch; undefined if the text is no RFC 3339 time. */
export function parseLineTime(text: string): bigint | undefined {
  const match = pattern.exec(text);
  if (!match) return undefined;
  const ms = Date.parse(`${match[1]}${match[3]}`);
  if (Number.isNaN(ms)) return undefined;
  return BigInt(ms) * 1_000_000n + BigInt((match[2] ?? '').padEnd(9, '0') || '0');
}
