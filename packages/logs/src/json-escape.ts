/**
 * Bytes of a container's output as the inside of a JSON string, as Docker's json-file driver writes them: `<`, `>` and `&`
 * escaped as well (Go's encoding/json does it for HTML's sake), bytes that are not UTF-8 become U+FFFD, one for each byte.
 */
import type { ByteBuffer } from './byte-buffer.ts';

const encoder = new TextEncoder();

/** For each byte below 0x80: its escape, or undefined if it stands for itself. */
const escapes: (Uint8Array | undefined)[] = Array.from({ length: 0x80 }, (_, byte) => {
  const char = String.fromCharCode(byte);
  if (char === '\n') return encoder.encode(String.raw`\n`);
  if (char === '\r') return encoder.encode(String.raw`\r`);
  if (char === '"' || char === '\\') return encoder.encode(`\\${char}`);
  if (byte < 0x20 || char === '<' || char === '>' || char === '&')
    return encoder.encode(String.raw`\u00${byte.toString(16).padStart(2, '0')}`);
  return undefined;
});

/** 1 for bytes that cannot be copied as they are without a look: escapes and everything that is not ASCII. */
const special = Uint8Array.from({ length: 256 }, (_, byte) => (byte >= 0x80 || escapes[byte] ? 1 : 0));

const replacement = encoder.encode(String.raw`\ufffd`);
const lineSeparator = encoder.encode(String.raw`\u2028`);
const paragraphSeparator = encoder.encode(String.raw`\u2029`);

/**
 * The length of the UTF-8 sequence that starts at `at` (RFC 3629: no overlong forms, surrogates or values above U+10FFFF);
 * 0 if none does, or if `end` cuts it off.
 */
export function utf8Length(bytes: Uint8Array, at: number, end: number): number {
  const first = bytes[at]!;
  if (first < 0x80) return 1;
  const length =
    first >= 0xc2 && first <= 0xdf ? 2 : first >= 0xe0 && first <= 0xef ? 3 : first >= 0xf0 && first <= 0xf4 ? 4 : 0;
  if (length === 0 || at + length > end) return 0;
  const second = bytes[at + 1]!;
  const low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  if (second < low || second > high) return 0;
  for (let index = 2; index < length; index += 1) if ((bytes[at + index]! & 0xc0) !== 0x80) return 0;
  return length;
}

function escapeOf(bytes: Uint8Array, at: number, length: number): Uint8Array | undefined {
  if (length === 0) return replacement;
  if (length === 1) return escapes[bytes[at]!];
  if (length === 3 && bytes[at] === 0xe2 && bytes[at + 1] === 0x80) {
    if (bytes[at + 2] === 0xa8) return lineSeparator;
    if (bytes[at + 2] === 0xa9) return paragraphSeparator;
  }
  return undefined;
}

/** Appends bytes[start, end) escaped. */
export function appendEscaped(out: ByteBuffer, bytes: Uint8Array, start: number, end: number): void {
  let clean = start;
  let at = start;
  while (at < end) {
    if (special[bytes[at]!] === 0) {
      at += 1;
      continue;
    }
    const length = utf8Length(bytes, at, end);
    const escape = escapeOf(bytes, at, length);
    if (escape === undefined) {
      at += length;
      continue;
    }
    if (at > clean) out.append(bytes.subarray(clean, at));
    out.append(escape);
    at += Math.max(length, 1);
    clean = at;
  }
  if (end > clean) out.append(bytes.subarray(clean, end));
}
