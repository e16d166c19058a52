/** What the values of `filters` mean for image list and prune, as dockerd 28 reads them. */
import { invalidArgument } from '@docker-ts/base/errors';
import type { Filters } from '../filters/filters.ts';
import { repoTags, type CatalogImage } from './image-catalog.ts';

/** A filter that is true or false; `undefined` if it is not given. */
export function booleanFilter(filters: Filters, key: string): boolean | undefined {
  const values = filters.get(key);
  if (values === undefined || values.length === 0) return undefined;
  const isTrue = values.some((value) => value === 'true' || value === '1');
  const isFalse = values.some((value) => value === 'false' || value === '0');
  if (isTrue === isFalse) throw invalidArgument(`invalid filter '${key}=${JSON.stringify(values)}'`);
  return isTrue;
}

/** `key` or `key=value` against labels; all wanted ones must match. */
export function matchesLabels(
  wanted: readonly string[] | undefined,
  labels: Readonly<Record<string, string>> | null | undefined,
): boolean {
  return (wanted ?? []).every((word) => {
    const equals = word.indexOf('=');
    const value = labels?.[equals < 0 ? word : word.slice(0, equals)];
    return value !== undefined && (equals < 0 || value === word.slice(equals + 1));
  });
}

/** Go's path.Match: `*` and `?` stop at slashes. */
function globPattern(glob: string): RegExp {
  const source = glob
    .replace(/[.+^${}()|\\]/g, '\\$&')
    .replace(/\*/g, '[^/]*')
    .replace(/\?/g, '[^/]');
  return new RegExp(`^${source}$`);
}

/** `reference` filter: a pattern for the short name, with or without its tag. */
export function matchesReference(tag: string, patterns: readonly string[]): boolean {
  const name = tag.slice(0, tag.lastIndexOf(':'));
  return patterns.some((pattern) => {
    const glob = globPattern(pattern);
    return glob.test(tag) || glob.test(name);
  });
}

/** `until`: a duration (`24h`), a unix time or a date, as a moment in milliseconds. */
export function parseUntil(text: string, nowMs = Date.now()): number {
  const factors: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000 };
  const duration = [...text.matchAll(/(\d+(?:\.\d+)?)([hms])/g)];
  if (duration.length > 0 && duration.map(([whole]) => whole).join('') === text)
    return nowMs - duration.reduce((sum, [, count, unit]) => sum + Number(count) * (factors[unit ?? ''] ?? 0), 0);
  const moment = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text);
  if (Number.isNaN(moment)) throw invalidArgument(`invalid value for "until" filter: "${text}"`);
  return moment;
}

export const createdMs = (image: CatalogImage): number => {
  const moment = Date.parse(image.config.created ?? '');
  return Number.isNaN(moment) ? 0 : moment;
};

/** An image without a tag, that nobody finds by name. */
export const isDangling = (image: CatalogImage): boolean => repoTags(image.names).length === 0;
