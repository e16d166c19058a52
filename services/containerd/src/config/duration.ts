/** Go's durations as configuration files write them: `100ms`, `1.5s`, `1h30m`. */
import { invalidArgument } from '@docker-ts/base/errors';

const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** @throws invalid_argument. */
export function parseDurationMs(text: string): number {
  if (text === '0') return 0;
  if (!/^(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+$/.test(text)) {
    throw invalidArgument(`cannot read duration ${JSON.stringify(text)}`);
  }
  let sumMs = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)) {
    sumMs += Number(amount) * (unitMs[unit ?? ''] ?? 0);
  }
  return sumMs;
}

/** The shortest text that `parseDurationMs` reads back. */
export function formatDurationMs(ms: number): string {
  if (ms === 0) return '0s';
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
}
