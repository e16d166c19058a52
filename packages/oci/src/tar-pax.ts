/**
 * PAX extended headers (pax(1), "ustar extended header"): records `<length> <key>=<value>\n`, which replace or add to the fields of the
 * header that follows. Values may be binary (`SCHILY.xattr.…`), so records are cut by their lengths and never by their line ends.
 */
import { invalidArgument } from '@docker-ts/base/errors';
import type { TarHeader } from './tar-header.ts';

export type PaxRecords = ReadonlyMap<string, Uint8Array>;

const decoder = new TextDecoder('utf-8');
const malformed = (what: string): Error => invalidArgument(`cannot read PAX header: ${what}`);

/** @throws invalid_argument for malformed records. Later records of a key win. */
export function parsePaxRecords(bytes: Uint8Array): PaxRecords {
  const records = new Map<string, Uint8Array>();
  const sparseMap: string[] = [];
  for (let offset = 0; offset < bytes.length;) {
    const space = bytes.indexOf(0x20, offset);
    const lengthText = space < 0 ? '' : decoder.decode(bytes.subarray(offset, space));
    if (!/^[1-9][0-9]{0,9}$/.test(lengthText)) throw malformed('record without a length');
    const end = offset + Number(lengthText);
    const equals = bytes.indexOf(0x3d, space);
    if (end > bytes.length || bytes[end - 1] !== 0x0a || equals < 0 || equals >= end) {
      throw malformed('record with a wrong length');
    }
    const key = decoder.decode(bytes.subarray(space + 1, equals));
    if (key === '') throw malformed('record without a key');
    const value = bytes.slice(equals + 1, end - 1);
    // sparse format 0.0 repeats two keys in turn: together they are what 0.1 has in one
    const map = key === 'GNU.sparse.offset' || key === 'GNU.sparse.numbytes' ? sparseMap : undefined;
    if (map) map.push(decoder.decode(value));
    else records.set(key, value);
    offset = end;
  }
  if (sparseMap.length > 0) records.set('GNU.sparse.map', new TextEncoder().encode(sparseMap.join(',')));
  return records;
}

/** Text of a record; undefined if it is not there. */
export function paxText(records: PaxRecords, key: string): string | undefined {
  const value = records.get(key);
  return value && decoder.decode(value);
}

/** A whole number of a record; undefined if it is not there or empty. @throws invalid_argument. */
export function paxNumber(records: PaxRecords, key: string): number | undefined {
  const text = paxText(records, key);
  if (text === undefined || text === '') return undefined;
  const value = /^-?[0-9]+$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw malformed(`${key} is no number`);
  return value;
}

/** Nanoseconds from seconds with a fraction, cut after nine digits. @throws invalid_argument. */
export function paxTimeNs(text: string, key: string): bigint {
  const match = /^(-?)([0-9]+)(?:\.([0-9]*))?$/.exec(text);
  if (!match) throw malformed(`${key} is no time`);
  const [, sign, seconds = '0', fraction = ''] = match;
  const ns = BigInt(seconds) * 1_000_000_000n + BigInt(fraction.slice(0, 9).padEnd(9, '0'));
  return sign === '-' ? -ns : ns;
}

/** Replaces the fields of a header that the records speak of. An empty record leaves the field as it is. */
export function applyPaxRecords(header: TarHeader, records: PaxRecords): void {
  header.name = paxText(records, 'path') || header.name;
  header.linkName = paxText(records, 'linkpath') || header.linkName;
  header.uid = paxNumber(records, 'uid') ?? header.uid;
  header.gid = paxNumber(records, 'gid') ?? header.gid;
  header.sizeBytes = paxNumber(records, 'size') ?? header.sizeBytes;
  const mtime = paxText(records, 'mtime');
  if (mtime) header.mtimeNs = paxTimeNs(mtime, 'mtime');
}

const xattrPrefix = 'SCHILY.xattr.';

/** The extended attributes among the records. */
export function paxXattrs(records: PaxRecords): [name: string, value: Uint8Array][] {
  const found: [string, Uint8Array][] = [];
  for (const [key, value] of records) {
    if (key.startsWith(xattrPrefix)) found.push([key.slice(xattrPrefix.length), value]);
  }
  return found;
}
