/**
 * The live half of json-file mode: a FIFO that a client reads when it likes. With a reader there, nothing is dropped and a slow
 * one holds the container back; without one the output goes to the log alone, and each later chunk looks for a reader again.
 */
import { closeSync } from 'node:fs';
import { peerGone, wouldBlock, writeBytes } from '@docker-ts/linux/byte-io';
import { openFifoForWriting } from '@docker-ts/linux/fifo';
import type { Readiness } from './readiness.ts';
import type { Sink } from './sink.ts';

export class LiveSink implements Sink {
  readonly broken = false;
  readonly #path: string;
  readonly #readiness: Readiness;
  #fd = -1;
  #rest: Uint8Array | undefined;

  constructor(path: string, readiness: Readiness) {
    this.#path = path;
    this.#readiness = readiness;
    this.#connect();
  }

  ready(): boolean {
    if (this.#rest) this.#rest = this.#send(this.#rest);
    return this.#rest === undefined;
  }

  write(chunk: Uint8Array): void {
    if (!this.#connect()) return;
    this.#rest = this.#send(chunk)?.slice();
  }

  close(): void {
    this.#rest = undefined;
    this.#disconnect();
  }

  #connect(): boolean {
    if (this.#fd >= 0) return true;
    try {
      const fd = openFifoForWriting(this.#path);
      if (fd === undefined) return false;
      this.#readiness.watch(fd);
      this.#fd = fd;
      return true;
    } catch {
      // The client took its FIFO away (ENOENT), or put something else there: nobody listens.
      return false;
    }
  }

  #disconnect(): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }

  #send(bytes: Uint8Array): Uint8Array | undefined {
    let rest = bytes;
    while (rest.length > 0) {
      const count = writeBytes(this.#fd, rest);
      if (count === wouldBlock) return rest;
      if (count === peerGone) {
        this.#disconnect();
        return undefined;
      }
      rest = rest.subarray(count);
    }
    return undefined;
  }
}
