/**
 * A stream of output as lines of Docker's json-file log:
 *
 *     {"log":"text\n","stream":"stdout","attrs":{"k":"v"},"time":"2026-01-02T03:04:05.000000006Z"}\n
 *
 * A line without its end is held until the end comes. One that reaches 16 KiB is cut into partial lines, which are those whose
 * `log` does not end in \n; all parts carry the first one's time (moby daemon/logger/copier.go). Unlike moby, a cut never
 * goes through a UTF-8 sequence.
 */
import type { ByteBuffer } from './byte-buffer.ts';
import { appendEscaped, utf8Length } from './json-escape.ts';
import { formatLineTime, type LineTime } from './line-time.ts';

/** Where encoded lines go; told after each, so that it can rotate between two. */
export interface LineSink {
  readonly buffer: ByteBuffer;
  lineEnded(): void;
  /** True if so many more bytes may be appended as lines without telling after each. */
  hasRoom(bytes: number): boolean;
  linesEnded(count: number): void;
}

/** moby's default buffer of the copier. */
export const maxLineBytes = 16 * 1024;

const newline = 0x0a;
const encoder = new TextEncoder();
const head = encoder.encode('{"log":"');
const newlineEscape = encoder.encode(String.raw`\n`);
const tail = encoder.encode('"}\n');
/** What cannot be copied as it is from bytes read as Latin-1; line ends are dealt with apart. */
const special = /[^\n\x20-\x7e]|["\\<>&]/;

export class JsonLineEncoder {
  readonly #sink: LineSink;
  readonly #middle: Uint8Array;
  /** Allocated when a line is first cut off between two chunks. */
  #held: Uint8Array | undefined;
  #heldLength = 0;
  #partialTime: Uint8Array | undefined;
  #timeText = '';
  /** Between the texts of two complete lines of this time, read as Latin-1. */
  #separator = '';
  readonly #middleLatin1: string;
  #time: Uint8Array = encoder.encode('');

  constructor(sink: LineSink, stream: 'stdout' | 'stderr', attrs: Readonly<Record<string, string>> = {}) {
    this.#sink = sink;
    const attrsText = Object.keys(attrs).length > 0 ? `"attrs":${JSON.stringify(attrs)},` : '';
    this.#middle = encoder.encode(`","stream":"${stream}",${attrsText}"time":"`);
    this.#middleLatin1 = Buffer.from(this.#middle).toString('latin1');
  }

  /** Encodes what is complete of the chunk and holds the rest. The chunk may be reused afterwards. */
  push(chunk: Uint8Array, time: LineTime): void {
    this.#setTime(time);
    const start = this.#heldLength > 0 ? this.#pushLine(chunk, 0) : 0;
    const rest = start === 0 ? chunk : chunk.subarray(start);
    for (let next = this.#pushPlain(rest); next < rest.length;) next = this.#pushLine(rest, next);
  }

  /** Encodes the line that starts at `start`, or holds it if its end is not there; answers where the next one starts. */
  #pushLine(chunk: Uint8Array, start: number): number {
    const found = chunk.indexOf(newline, start);
    const end = found < 0 ? chunk.length : found;
    if (this.#heldLength === 0 && found >= 0 && end - start < maxLineBytes) {
      this.#emit(chunk, start, end, true);
    } else {
      this.#hold(chunk, start, end);
      if (found >= 0) this.#emitHeld(true);
    }
    return Math.min(end + 1, chunk.length);
  }

  /**
   * The usual case, complete lines of printable ASCII, by one native replacement instead of a loop over bytes (ten times as quick).
   * Answers how much of the chunk that was: all up to the last line's end, or nothing.
   */
  #pushPlain(chunk: Uint8Array): number {
    const end = chunk.lastIndexOf(newline) + 1;
    if (end === 0 || this.#partialTime !== undefined || hasLongLine(chunk, end)) return 0;
    const text = Buffer.from(chunk.buffer, chunk.byteOffset, end).toString('latin1');
    if (special.test(text)) return 0;
    const lines = text.slice(0, -1).replaceAll('\n', this.#separator);
    if (!this.#sink.hasRoom(lines.length + this.#separator.length)) return 0;
    const { buffer } = this.#sink;
    buffer.append(head);
    buffer.appendLatin1(lines);
    buffer.append(newlineEscape);
    buffer.append(this.#middle);
    buffer.append(this.#time);
    buffer.append(tail);
    this.#sink.linesEnded((lines.length - text.length + 1) / (this.#separator.length - 1) + 1);
    return end;
  }

  /** Encodes what is held, as a line without an end: the stream is over. */
  end(time: LineTime): void {
    this.#setTime(time);
    if (this.#heldLength > 0) this.#emitHeld(false);
  }

  #setTime(time: LineTime): void {
    const text = formatLineTime(time);
    if (text === this.#timeText) return;
    this.#timeText = text;
    this.#time = encoder.encode(text);
    this.#separator = String.raw`\n` + this.#middleLatin1 + text + '"}\n{"log":"';
  }

  /** Adds to the held line; each time it is full, most of it goes out as a partial line. */
  #hold(chunk: Uint8Array, from: number, end: number): void {
    this.#held ??= new Uint8Array(maxLineBytes);
    let start = from;
    while (start < end) {
      if (this.#heldLength === maxLineBytes) this.#emitPartial(this.#held);
      const count = Math.min(end - start, maxLineBytes - this.#heldLength);
      this.#held.set(chunk.subarray(start, start + count), this.#heldLength);
      this.#heldLength += count;
      start += count;
    }
  }

  #emitPartial(held: Uint8Array): void {
    const cut = cutBefore(held, this.#heldLength);
    this.#emit(held, 0, cut, false);
    held.copyWithin(0, cut, this.#heldLength);
    this.#heldLength -= cut;
  }

  #emitHeld(complete: boolean): void {
    const length = this.#heldLength;
    this.#heldLength = 0;
    if (this.#held) this.#emit(this.#held, 0, length, complete);
  }

  #emit(bytes: Uint8Array, start: number, end: number, complete: boolean): void {
    const { buffer } = this.#sink;
    const time = this.#partialTime ?? this.#time;
    buffer.append(head);
    appendEscaped(buffer, bytes, start, end);
    if (complete) buffer.append(newlineEscape);
    buffer.append(this.#middle);
    buffer.append(time);
    buffer.append(tail);
    this.#partialTime = complete ? undefined : time;
    this.#sink.lineEnded();
  }
}

/** True if a line of bytes[0, end) reaches `maxLineBytes`. */
function hasLongLine(bytes: Uint8Array, end: number): boolean {
  for (let start = 0; end - start > maxLineBytes;) {
    const next = bytes.lastIndexOf(newline, start + maxLineBytes - 1) + 1;
    if (next <= start) return true;
    start = next;
  }
  return false;
}

/** The greatest cut ≤ length that does not split a UTF-8 sequence; bytes that are no UTF-8 are cut anywhere. */
function cutBefore(bytes: Uint8Array, length: number): number {
  for (let back = 1; back <= 3; back += 1) {
    const byte = bytes[length - back]!;
    if (byte < 0x80) return length;
    if (byte >= 0xc2) {
      const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return needed > back && utf8Length(bytes, length - back, length) === 0 ? length - back : length;
    }
  }
  return length;
}
