/** A sink that writes to a descriptor which does not block: a FIFO, a pipe, a terminal, or a file. */
import { closeSync } from 'node:fs';
import { peerGone, wouldBlock, writeBytes } from '@docker-ts/linux/byte-io';
import type { Sink } from './sink.ts';

export interface DescriptorSinkOptions {
  /** False if the descriptor belongs to somebody else, as a terminal's master does. */
  readonly owned?: boolean;
}

export class DescriptorSink implements Sink {
  readonly #fd: number;
  readonly #options: DescriptorSinkOptions;
  #rest: Uint8Array | undefined;
  #broken = false;
  #closed = false;

  constructor(fd: number, options: DescriptorSinkOptions = {}) {
    this.#fd = fd;
    this.#options = options;
  }

  get broken(): boolean {
    return this.#broken;
  }

  ready(): boolean {
    if (this.#rest) this.#rest = this.#send(this.#rest);
    return this.#rest === undefined;
  }

  write(chunk: Uint8Array): void {
    const rest = this.#send(chunk);
    // A copy, for the chunk's buffer is the reader's.
    this.#rest = rest?.slice();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#rest = undefined;
    if (this.#options.owned !== false) closeSync(this.#fd);
  }

  /** What could not be sent; undefined if nothing is left (or nobody will ever read it). */
  #send(bytes: Uint8Array): Uint8Array | undefined {
    let rest = bytes;
    while (rest.length > 0 && !this.#broken) {
      const count = writeBytes(this.#fd, rest);
      if (count === wouldBlock) return rest;
      if (count === peerGone) this.#broken = true;
      else rest = rest.subarray(count);
    }
    return undefined;
  }
}
