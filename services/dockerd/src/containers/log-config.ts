/**
 * HostConfig.LogConfig: which log drivers there are and what the json-file driver's options mean. Rules and texts follow the
 * original's json-file driver; sizes are in units of 1024 (`10m`).
 */
import { invalidArgument } from '@docker-ts/base/errors';
import type { LogConfig } from '../spec/container-config.ts';

const drivers: readonly string[] = ['json-file', 'none'];
const options: readonly string[] = [
  'max-size',
  'max-file',
  'compress',
  'labels',
  'labels-regex',
  'env',
  'env-regex',
  'tag',
  'mode',
  'max-buffer-size',
];
const unitExponents: Readonly<Record<string, number>> = { '': 0, b: 0, k: 1, m: 2, g: 3, t: 4, p: 5 };

/** Bytes of `10m`, `512k`, `1.5g`; `-1` is no limit. */
export function parseSize(text: string): number {
  if (text === '-1') return 0;
  const match = /^(\d+(?:\.\d+)?)\s?([bkmgtp]?)i?b?$/i.exec(text);
  if (match === null) throw invalidArgument(`invalid size: '${text}'`);
  return Math.trunc(Number(match[1]) * 1024 ** (unitExponents[(match[2] ?? '').toLowerCase()] ?? 0));
}

/** Checks a completed LogConfig. */
export function verifyLogConfig(log: LogConfig | undefined): void {
  const type = log?.Type ?? 'json-file';
  if (!drivers.includes(type)) throw invalidArgument(`logger: no log driver named '${type}' is registered`);
  if (type === 'none') return;
  for (const name of Object.keys(log?.Config ?? {}))
    if (!options.includes(name)) throw invalidArgument(`unknown log opt '${name}' for json-file log driver`);
  logLimits(log);
}

/** Rotation of the log file. */
export function logLimits(log: LogConfig | undefined): { maxSizeBytes: number; maxFiles: number } {
  const { 'max-size': size, 'max-file': files = '1' } = log?.Config ?? {};
  if (!/^\d+$/.test(files) || Number(files) < 1) throw invalidArgument('max-file cannot be less than 1');
  const maxSizeBytes = size === undefined ? 0 : parseSize(size);
  if (maxSizeBytes === 0 && Number(files) > 1)
    throw invalidArgument('max-file cannot be set without max-size, or max-size is unlimited');
  return { maxSizeBytes, maxFiles: Number(files) };
}

/** What `--log-opt labels=` and `env=` write to each line of the log. */
export function logAttributes(
  log: LogConfig | undefined,
  labels: Readonly<Record<string, string>>,
  env: readonly string[],
): Record<string, string> {
  const wanted = (list: string | undefined): Set<string> => new Set(list?.split(',').map((word) => word.trim()));
  const byLabel = wanted(log?.Config?.['labels']);
  const byName = wanted(log?.Config?.['env']);
  const variables = env.map((entry): [string, string] => {
    const [name = '', ...value] = entry.split('=');
    return [name, value.join('=')];
  });
  return Object.fromEntries([
    ...Object.entries(labels).filter(([name]) => byLabel.has(name)),
    ...variables.filter(([name]) => byName.has(name)),
  ]);
}
