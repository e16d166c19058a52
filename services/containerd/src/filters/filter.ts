/**
 * Filters, by which clients choose from lists (containerd pkg/filters). A filter sees an object as fields: it asks for a path such as
 * `labels`, `com.example` and is told the value, or that there is none.
 */

/** The value at a field path; undefined if the object has no such field. */
export type FieldReader = (path: readonly string[]) => string | undefined;

export type Filter = (fields: FieldReader) => boolean;

export type Operator = 'present' | '==' | '!=' | '~=';

export const matchAll: Filter = () => true;

/** One condition. A field that is not there differs from every value, and counts as '' for a pattern. */
export function selector(path: readonly string[], operator: Operator, value: string): Filter {
  if (operator === 'present') return (fields) => fields(path) !== undefined;
  if (operator === '==') return (fields) => fields(path) === value;
  if (operator === '!=') return (fields) => (fields(path) ?? '') !== value;
  const pattern = compile(value);
  return (fields) => pattern?.test(fields(path) ?? '') ?? false;
}

/** A pattern that does not compile matches nothing, as upstream. */
function compile(value: string): RegExp | undefined {
  try {
    // RE2 has inline flags at the front, JavaScript has them beside the pattern
    const [, flags = '', pattern = value] = /^\(\?([ims]+)\)([^]*)$/.exec(value) ?? [];
    return new RegExp(pattern, flags === '' ? '' : flags);
  } catch {
    return undefined;
  }
}

/** Fields of a string map: the path's parts are joined again, since keys may hold dots. */
export function mapField(path: readonly string[], map: Readonly<Record<string, string>>): string | undefined {
  const key = path.join('.');
  return Object.hasOwn(map, key) ? map[key] : undefined;
}

/** An empty string is a field that is not there. */
export function textField(text: string): string | undefined {
  return text === '' ? undefined : text;
}
