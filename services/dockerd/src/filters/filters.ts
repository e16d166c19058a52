/**
 * The `filters` parameter of lists, prunes and events: JSON of name to values, in either of the two forms that clients send:
 * `{"status":["exited"]}` (old) and `{"status":{"exited":true}}`.
 */
import { invalidArgument } from '@docker-ts/base/errors';

export type Filters = ReadonlyMap<string, readonly string[]>;

/** invalid_argument for what is no filter, or has a name outside `allowed`. */
export function parseFilters(text: string, allowed: readonly string[]): Filters {
  if (text === '') return new Map();
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw invalidArgument('invalid filter', error);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw invalidArgument('invalid filter');
  const filters = new Map<string, readonly string[]>();
  for (const [name, values] of Object.entries(parsed as Record<string, unknown>)) {
    if (!allowed.includes(name)) throw invalidArgument(`invalid filter '${name}'`);
    filters.set(name, filterValues(values));
  }
  return filters;
}

function filterValues(values: unknown): string[] {
  if (Array.isArray(values) && values.every((value) => typeof value === 'string')) return values;
  if (typeof values !== 'object' || values === null || Array.isArray(values)) throw invalidArgument('invalid filter');
  return Object.entries(values)
    .filter(([, wanted]) => wanted === true)
    .map(([value]) => value);
}

/** True if the filter is absent or one of its values matches. */
export function matchesAny(filters: Filters, name: string, matches: (value: string) => boolean): boolean {
  const values = filters.get(name);
  return values === undefined || values.length === 0 || values.some(matches);
}

/** `label=key` and `label=key=value`: all of them have to hold. */
export function matchesLabels(filters: Filters, labels: Readonly<Record<string, string>>, name = 'label'): boolean {
  return (filters.get(name) ?? []).every((wanted) => {
    const equals = wanted.indexOf('=');
    return equals < 0 ? wanted in labels : labels[wanted.slice(0, equals)] === wanted.slice(equals + 1);
  });
}
