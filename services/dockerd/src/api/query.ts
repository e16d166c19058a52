/** Query parameters as the original reads them. */
import { invalidArgument, unknown } from '@docker-ts/base/errors';
import type { Request } from 'express';

/** The text of a parameter, `""` if it is absent; of a repeated one the first. */
export function queryText(request: Request, name: string): string {
  const value = request.query[name];
  const first: unknown = Array.isArray(value) ? value[0] : value;
  return typeof first === 'string' ? first : '';
}

/** False for absent, `""`, `0`, `no`, `false`, `none`; true for everything else. */
export function queryFlag(request: Request, name: string, absent = false): boolean {
  if (request.query[name] === undefined) return absent;
  return !['', '0', 'no', 'false', 'none'].includes(queryText(request, name).trim().toLowerCase());
}

/** A whole number; `undefined` if absent. */
export function queryInteger(request: Request, name: string): number | undefined {
  const text = queryText(request, name);
  if (text === '') return undefined;
  if (!/^[+-]?\d+$/.test(text)) throw unknown(`strconv.Atoi: parsing "${text}": invalid syntax`);
  return Number(text);
}

/** Height and width of a terminal. */
export function querySize(request: Request): { readonly height: number; readonly width: number } {
  const read = (name: string, what: string): number => {
    const text = queryText(request, name);
    if (!/^\d+$/.test(text)) throw invalidArgument(`invalid resize ${what} "${text}": invalid syntax`);
    if (Number(text) > 0xffff_ffff) throw invalidArgument(`invalid resize ${what} "${text}": value out of range`);
    return Number(text);
  };
  return { height: read('h', 'height'), width: read('w', 'width') };
}
