/**
 * Writes a container's output as Docker's json-file log, rotating by size. Both streams of a container share one writer. It
 * never throws while writing: a log on a full disk must not stop the container, so lines that cannot be written are dropped,
 * and counted.
 */
import { closeSync, constants, fstatSync, ftruncateSync, mkdirSync, openSync, readSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { ByteBuffer } from './byte-buffer.ts';
import type { LineSink } from './json-line.ts';
import { rotateFiles } from './rotation.ts';

export interface JsonFileOptions {
  readonly path: string;
  /** A file that has reached this size is rotated before the next line. Absent: never. */
  readonly maxSizeBytes?: number;
  /** How many files are kept, the current one included; 1 truncates instead of rotating. */
  readonly maxFiles?: number;
}

const fileMode = 0o640;
const newline = 0x0a;

export class JsonFileWriter implements LineSink, Disposable {
  readonly buffer = new ByteBuffer(64 * 1024);
  readonly #options: JsonFileOptions;
  /** Where the last whole line in the buffer ends. */
  #lines = 0;
  #fd = -1;
  #sizeBytes = 0;
  #droppedLines = 0;
  #lastError: unknown;

  private constructor(options: JsonFileOptions) {
    this.#options = options;
  }

  /** Opens the log for appending, and makes its folder. A last line that was cut off by a crash is ended first. */
  static open(options: JsonFileOptions): JsonFileWriter {
    mkdirSync(dirname(options.path), { recursive: true, mode: 0o710 });
    const writer = new JsonFileWriter(options);
    writer.#open(0);
    return writer;
  }

  /** How many lines could not be written, and why the last one could not. */
  get dropped(): { readonly lines: number; readonly error: unknown } {
    return { lines: this.#droppedLines, error: this.#lastError };
  }

  lineEnded(): void {
    this.#lines += 1;
    const { maxSizeBytes } = this.#options;
    if (maxSizeBytes !== undefined && this.#sizeBytes + this.buffer.length >= maxSizeBytes) this.flush();
  }

  hasRoom(bytes: number): boolean {
    const { maxSizeBytes } = this.#options;
    return maxSizeBytes === undefined || this.#sizeBytes + this.buffer.length + bytes < maxSizeBytes;
  }

  linesEnded(count: number): void {
    this.#lines += count;
  }

  /** Writes the buffered lines; afterwards they are with the kernel. */
  flush(): void {
    if (this.buffer.length === 0) return;
    try {
      this.#rotateIfFull();
      this.#write(this.buffer.view);
    } catch (error) {
      this.#droppedLines += this.#lines;
      this.#lastError = error;
      this.#cutTornLine();
    }
    this.buffer.clear();
    this.#lines = 0;
  }

  [Symbol.dispose](): void {
    this.flush();
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }

  #open(extraFlags: number): void {
    const { O_RDWR, O_APPEND, O_CREAT, O_NOFOLLOW } = constants;
    const fd = openSync(this.#options.path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | extraFlags, fileMode);
    this.#fd = fd;
    this.#sizeBytes = fstatSync(fd).size;
    const last = new Uint8Array(1);
    if (this.#sizeBytes > 0 && readSync(fd, last, 0, 1, this.#sizeBytes - 1) === 1 && last[0] !== newline)
      this.#write(Uint8Array.of(newline));
  }

  /** As moby does it: the size is looked at before a line is written, so a file ends up a line above the limit. */
  #rotateIfFull(): void {
    const { path, maxSizeBytes, maxFiles = 1 } = this.#options;
    if (this.#fd >= 0 && (maxSizeBytes === undefined || this.#sizeBytes < maxSizeBytes)) return;
    if (this.#fd >= 0) {
      closeSync(this.#fd);
      this.#fd = -1;
      rotateFiles(path, maxFiles);
      this.#open(constants.O_TRUNC);
    } else {
      this.#open(0);
    }
  }

  #write(bytes: Uint8Array): void {
    let written = 0;
    while (written < bytes.length) written += writeSync(this.#fd, bytes, written, bytes.length - written);
    this.#sizeBytes += bytes.length;
  }

  #cutTornLine(): void {
    if (this.#fd < 0) return;
    try {
      ftruncateSync(this.#fd, this.#sizeBytes);
    } catch {
      // The line stays torn; readers skip what they cannot parse.
    }
  }
}
