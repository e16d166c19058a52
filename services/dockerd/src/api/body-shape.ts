/**
 * Types of JSON request bodies. Go's decoder takes a body or refuses it with the field's path; so do these checks. `null` is
 * fine everywhere (it leaves a field at its default), unknown fields are passed over.
 */
import { invalidArgument } from '@docker-ts/base/errors';

export type BodyShape =
  | 'string'
  | 'bool'
  | 'int64'
  | 'any'
  | { readonly list: BodyShape }
  | { readonly map: BodyShape }
  /** Either one string or a list of strings, as Cmd and Entrypoint may be. */
  | { readonly words: true }
  | { readonly fields: Readonly<Record<string, BodyShape>>; readonly name?: string };

export const strings: BodyShape = { list: 'string' };
export const stringMap: BodyShape = { map: 'string' };
export const fields = (shapes: Readonly<Record<string, BodyShape>>): BodyShape => ({ fields: shapes });

function jsonType(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'boolean') return 'bool';
  return typeof value;
}

function goType(shape: BodyShape): string {
  if (typeof shape === 'string') return shape;
  if ('list' in shape) return `[]${goType(shape.list)}`;
  if ('map' in shape) return `map[string]${goType(shape.map)}`;
  if ('words' in shape) return 'strslice.StrSlice';
  return shape.name ?? 'struct';
}

function refuse(value: unknown, path: string, shape: BodyShape): never {
  const where = path === '' ? 'Go value' : `Go struct field ${path}`;
  throw invalidArgument(
    `invalid JSON: json: cannot unmarshal ${jsonType(value)} into ${where} of type ${goType(shape)}`,
  );
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function checkScalar(value: unknown, shape: 'string' | 'bool' | 'int64', path: string): void {
  const type = shape === 'bool' ? 'boolean' : shape === 'int64' ? 'number' : 'string';
  if (typeof value !== type || (shape === 'int64' && !Number.isInteger(value))) refuse(value, path, shape);
}

/** Throws invalid_argument if `value` does not fit. */
export function checkBody(value: unknown, shape: BodyShape, path = ''): void {
  if (value === null || value === undefined || shape === 'any') return;
  if (typeof shape === 'string') checkScalar(value, shape, path);
  else if ('list' in shape) {
    if (!Array.isArray(value)) refuse(value, path, shape);
    for (const item of value) checkBody(item, shape.list, path);
  } else if ('words' in shape) {
    if (typeof value !== 'string') checkBody(value, strings, path);
  } else {
    if (!isObject(value)) refuse(value, path, shape);
    if ('map' in shape) for (const item of Object.values(value)) checkBody(item, shape.map, path);
    else for (const [name, item] of Object.entries(shape.fields)) checkBody(value[name], item, `${path}.${name}`);
  }
}
