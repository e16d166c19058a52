/**
 * Checks of parsed JSON: small functions that are put together to the shape of a document. They run when every container starts, so
 * they allocate next to nothing unless something is wrong: the path to the culprit is a linked list that only an error spells out.
 * `null` counts as absent, as Go's decoder has it, and is removed; unknown members are let through, as the OCI specifications
 * demand (spec.md, "Extensibility").
 */
import { invalidArgument } from '@docker-ts/base/errors';

/** Where a value stands in its document. */
export interface JsonPath {
  /** The document's name for the root, as in `cannot use config.json: …`. */
  readonly key: string | number;
  readonly parent?: JsonPath;
}

/** Throws invalid_argument if `value` has not the shape. */
export type JsonShape = (value: unknown, path: JsonPath) => void;

export function documentPath(name: string): JsonPath {
  return { key: name };
}

export function child(parent: JsonPath, key: string | number): JsonPath {
  return { key, parent };
}

function spell(path: JsonPath): [document: string, member: string] {
  if (path.parent === undefined) return [String(path.key), ''];
  const [document, member] = spell(path.parent);
  if (typeof path.key === 'number') return [document, `${member}[${path.key}]`];
  return [document, member === '' ? path.key : `${member}.${path.key}`];
}

/** Throws `cannot use config.json: mounts[3].destination: must be a string`. */
export function refuse(path: JsonPath, problem: string): never {
  const [document, member] = spell(path);
  throw invalidArgument(`cannot use ${document}: ${member === '' ? '' : `${member}: `}${problem}`);
}

/** No string of a configuration may hold NUL: the kernel would see only what is before it. */
export const string: JsonShape = (value, path) => {
  if (typeof value !== 'string') refuse(path, 'must be a string');
  if (value.includes('\0')) refuse(path, 'must not contain NUL');
};

export const nonEmptyString: JsonShape = (value, path) => {
  string(value, path);
  if (value === '') refuse(path, 'must not be empty');
};

export const absolutePath: JsonShape = (value, path) => {
  nonEmptyString(value, path);
  if (!(value as string).startsWith('/')) refuse(path, `must be an absolute path, not "${value as string}"`);
};

export const boolean: JsonShape = (value, path) => {
  if (typeof value !== 'boolean') refuse(path, 'must be true or false');
};

/** A whole number, or bigint, from `least` to `most`. */
export function integer(least: number | bigint, most: number | bigint): JsonShape {
  return (value, path) => {
    if (typeof value !== 'bigint' && !(typeof value === 'number' && Number.isInteger(value)))
      refuse(path, 'must be a whole number');
    if ((value as number) < least || (value as number) > most) refuse(path, `must be between ${least} and ${most}`);
  };
}

export const uint16 = integer(0, 65_535);
export const uint32 = integer(0, 4_294_967_295);
export const int32 = integer(-2_147_483_648, 2_147_483_647);
export const uint64 = integer(0, 18_446_744_073_709_551_615n);
export const int64 = integer(-9_223_372_036_854_775_808n, 9_223_372_036_854_775_807n);

/** One of some words; `noun` names them in the error. */
export function oneOf(noun: string, words: readonly string[]): JsonShape {
  return (value, path) => {
    string(value, path);
    if (!words.includes(value as string)) refuse(path, `unknown ${noun} "${value as string}"`);
  };
}

export function arrayOf(item: JsonShape): JsonShape {
  return (value, path) => {
    if (!Array.isArray(value)) refuse(path, 'must be an array');
    if (item === string && value.every((element) => typeof element === 'string' && !element.includes('\0'))) return;
    for (let index = 0; index < value.length; index++) item(value[index], child(path, index));
  };
}

function asObject(value: unknown, path: JsonPath): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) refuse(path, 'must be an object');
  return value as Record<string, unknown>;
}

/** An object used as a map. */
export function recordOf(item: JsonShape): JsonShape {
  return (value, path) => {
    const object = asObject(value, path);
    for (const key of Object.keys(object)) {
      if (key === '' || key.includes('\0')) refuse(path, 'must not have an empty name or one with NUL');
      item(object[key], child(path, key));
    }
  };
}

/** An object with these members; the ones named in `required` must be there. */
export function objectOf(members: Readonly<Record<string, JsonShape>>, required: readonly string[] = []): JsonShape {
  // taken apart at the first use: most programs that load a shape never see a document of it
  let shapes: [string, JsonShape][] | undefined;
  return (value, path) => {
    const object = asObject(value, path);
    shapes ??= Object.entries(members);
    for (const [key, shape] of shapes) {
      const member = object[key];
      if (member === null) delete object[key];
      else if (member !== undefined) shape(member, child(path, key));
    }
    for (const key of required) if (object[key] === undefined) refuse(child(path, key), 'must be given');
  };
}
