/**
 * JSON with whole numbers of 64 bits. `JSON.parse` rounds what does not fit a double (RLIM_INFINITY becomes 18446744073709552000);
 * here such numbers are bigints on the way in and keep their digits on the way out (ECMA-262, JSON.parse source text access).
 */
import { invalidArgument } from '@docker-ts/base/errors';

type SourceReviver = (this: unknown, key: string, value: unknown, context: { readonly source?: string }) => unknown;

const bigIntegers: SourceReviver = (_key, value, context) =>
  typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(context.source ?? '')
    ? BigInt(context.source ?? '')
    : value;

/** `JSON.parse`, but whole numbers beyond ±(2^53-1) are bigints. `what` names the document in the error: invalid_argument. */
export function parseExactJson(text: string, what: string): unknown {
  try {
    // A reviver costs ten times the parse, and next to no document has a number of sixteen digits.
    return /\d{16}/.test(text)
      ? (JSON.parse(text, bigIntegers as (key: string, value: unknown) => unknown) as unknown)
      : JSON.parse(text);
  } catch (error) {
    throw invalidArgument(`cannot read ${what}: ${(error as Error).message}`, error);
  }
}

const { rawJSON } = JSON as unknown as { rawJSON(this: void, text: string): unknown };

/** `JSON.stringify`, but bigints become plain numbers with all their digits. */
export function formatExactJson(value: unknown, indent?: string): string {
  const exact = (_key: string, item: unknown): unknown => (typeof item === 'bigint' ? rawJSON(String(item)) : item);
  return JSON.stringify(value, exact, indent);
}
