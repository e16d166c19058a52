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
}

/** moby's default buffer of the copier. */
export const maxLineBytes = 16 * 1024;

const newline = 0x0a;
const encoder = new TextEncoder();
const head = encoder.encode('{"log":"');
const newlineEscape = encoder.encode(String.raw`\n`);
const tail = encoder.encode('"}\n');

export class JsonLineEncoder {
  readonly #sink: LineSink;
  readonly #middle: Uint8Array;
  /** Allocated when a line is first cut off between two chunks. */
  #held: Uint8Array | undefined;
  #heldLength = 0;
  #partialTime: Uint8Array | undefined;
  #timeText = '';
  #time: Uint8Array = encoder.encode('');

  constructor(sink: LineSink, stream: 'stdout' | 'stderr', attrs: Readonly<Record<string, string>> = {}) {
    this.#sink = sink;
    const attrsText = Object.keys(attrs).length > 0 ? `"attrs":${JSON.stringify(attrs)},` : '';
    this.#middle = encoder.encode(`","stream":"${stream}",${attrsText}"time":"`);
  }

  /** Encodes what is complete of the chunk and holds the rest. The chunk may be reused afterwards. */
  push(chunk: Uint8Array, time: LineTime): void {
    this.#setTime(time);
    let start = 0;
    while (start < chunk.length) {
      const found = chunk.indexOf(newline, start);
      const end = found < 0 ? chunk.length : found;
      if (this.#heldLength === 0 && found >= 0 && end - start < maxLineBytes) {
        this.#emit(chunk, start, end, true);
      } else {
        this.#hold(chunk, start, end);
        if (found >= 0) this.#emitHeld(true);
      }
      start = end + 1;
    }
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
