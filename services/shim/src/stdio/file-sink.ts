/**
 * `file://`: both streams of a process appended to one file. A disk that is full must not stop the container: what cannot be
 * written is dropped and said once.
 */
import { closeSync, constants, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { messageOf } from '@docker-ts/base/errors';
import type { Log } from '../log.ts';
import type { Sink } from './sink.ts';

export class FileSink implements Sink {
  readonly broken = false;
  readonly #fd: number;
  readonly #log: Log;
  #failed = false;
  #closed = false;

  private constructor(fd: number, log: Log) {
    this.#fd = fd;
    this.#log = log;
  }

  static open(path: string, log: Log): FileSink {
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    const { O_WRONLY, O_APPEND, O_CREAT } = constants;
    return new FileSink(openSync(path, O_WRONLY | O_APPEND | O_CREAT, 0o644), log);
  }

  ready(): boolean {
    return true;
  }

  write(chunk: Uint8Array): void {
    try {
      let written = 0;
      while (written < chunk.length) written += writeSync(this.#fd, chunk, written, chunk.length - written);
      this.#failed = false;
    } catch (error) {
      if (!this.#failed) this.#log.error(`output is lost: ${messageOf(error)}`);
      this.#failed = true;
    }
  }

  close(): void {
    if (!this.#closed) closeSync(this.#fd);
    this.#closed = true;
  }
}
