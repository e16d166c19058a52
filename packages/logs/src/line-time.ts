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
