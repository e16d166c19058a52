/**
 * The 512 bytes that stand before each member of a tar archive: POSIX ustar and GNU's variant (tar(5)).
 *
 *     0 name 100 | 100 mode 8 | 108 uid 8 | 116 gid 8 | 124 size 12 | 136 mtime 12 | 148 chksum 8 | 156 type 1 | 157 linkname 100
 *     257 magic 6 | 263 version 2 | 265 uname 32 | 297 gname 32 | 329 devmajor 8 | 337 devminor 8 | 345 prefix 155 (ustar)
 *
 * Numbers are octal text, or base 256 if the top bit of their first byte is set. node-tar has a parser too, but it keeps neither
 * unknown PAX records (extended attributes) nor nanoseconds nor sparse maps, which layers need.
 */
import { invalidArgument } from '@docker-ts/base/errors';

export const blockBytes = 512;

export interface TarHeader {
  name: string;
  mode: number;
  uid: number;
  gid: number;
  /** Bytes that follow in the archive. */
  sizeBytes: number;
  mtimeNs: bigint;
  /** The type flag; `0` also for the NUL of old archives. */
  type: string;
  linkName: string;
  deviceMajor: number;
  deviceMinor: number;
}

const nsPerSecond = 1_000_000_000n;
const decoder = new TextDecoder('utf-8');

/** The text up to the first NUL. */
export function tarText(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return decoder.decode(end < 0 ? bytes : bytes.subarray(0, end));
}

/** @throws invalid_argument for what is no number, or one that a double cannot hold. */
export function tarNumber(bytes: Uint8Array, field: string): number {
  const first = bytes[0] ?? 0;
  const value = first & 0x80 ? base256(bytes) : octal(bytes, field);
  if (!Number.isSafeInteger(value)) throw invalidArgument(`cannot read tar header: ${field} out of range`);
  return value;
}

function base256(bytes: Uint8Array): number {
  const negative = ((bytes[0] ?? 0) & 0x40) !== 0;
  let value = BigInt((bytes[0] ?? 0) & 0x3f);
  for (const byte of bytes.subarray(1)) value = (value << 8n) | BigInt(byte);
  return Number(negative ? value - (1n << BigInt(bytes.length * 8 - 2)) : value);
}

function octal(bytes: Uint8Array, field: string): number {
  let start = 0;
  let end = bytes.length;
  const isPadding = (byte: number | undefined): boolean => byte === 0 || byte === 0x20;
  while (start < end && isPadding(bytes[start])) start += 1;
  while (end > start && isPadding(bytes[end - 1])) end -= 1;
  let value = 0;
  for (let i = start; i < end; i += 1) {
    const byte = bytes[i] ?? 0;
    // what follows an inner NUL is rubbish left in the field by old writers
    if (byte === 0) break;
    if (byte < 0x30 || byte > 0x37) throw invalidArgument(`cannot read tar header: ${field} is not octal`);
    value = value * 8 + (byte - 0x30);
  }
  return value;
}

/** True for a block of NULs: two of them end an archive. */
export function isZeroBlock(block: Uint8Array): boolean {
  for (let i = 0; i < blockBytes; i += 1) if (block[i] !== 0) return false;
  return true;
}

function checkSum(block: Uint8Array): void {
  let unsigned = 8 * 0x20;
  let signed = 8 * 0x20;
  for (let i = 0; i < blockBytes; i += 1) {
    if (i >= 148 && i < 156) continue;
    const byte = block[i] ?? 0;
    unsigned += byte;
    // some old writers summed signed characters
    signed += byte > 127 ? byte - 256 : byte;
  }
  const stored = tarNumber(block.subarray(148, 156), 'checksum');
  if (stored !== unsigned && stored !== signed) throw invalidArgument('cannot read tar header: wrong checksum');
}

/** @throws invalid_argument for a block that is no header. */
export function parseTarHeader(block: Uint8Array): TarHeader {
  checkSum(block);
  const typeByte = block[156] ?? 0;
  const magic = decoder.decode(block.subarray(257, 263));
  const name = tarText(block.subarray(0, 100));
  // GNU tar uses the place of the prefix for other things
  const prefix = magic === 'ustar\0' ? tarText(block.subarray(345, 500)) : '';
  const device = magic.startsWith('ustar');
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    mode: tarNumber(block.subarray(100, 108), 'mode'),
    uid: tarNumber(block.subarray(108, 116), 'uid'),
    gid: tarNumber(block.subarray(116, 124), 'gid'),
    sizeBytes: tarNumber(block.subarray(124, 136), 'size'),
    mtimeNs: BigInt(tarNumber(block.subarray(136, 148), 'mtime')) * nsPerSecond,
    type: typeByte === 0 ? '0' : String.fromCharCode(typeByte),
    linkName: tarText(block.subarray(157, 257)),
    deviceMajor: device ? tarNumber(block.subarray(329, 337), 'devmajor') : 0,
    deviceMinor: device ? tarNumber(block.subarray(337, 345), 'devminor') : 0,
  };
}
