/** Standard streams of a short-lived command: text in from memory, text out into memory. */
import { closeSync } from 'node:fs';
import { makePipe, setNonBlocking, writeBytes } from '@docker-ts/linux/byte-io';
import { invalidArgument } from '@docker-ts/base/errors';
import { CollectorSink } from '../stdio/collector-sink.ts';
import { Pump } from '../stdio/pump.ts';
import type { Readiness } from '../stdio/readiness.ts';

const outputLimitBytes = 1024 * 1024;

/** Collects what a child prints. It ends with the child, not with the pipe, which a grandchild may hold open for ever. */
export class OutputCollector implements Disposable {
  readonly childEnd: number;
  readonly #sink = new CollectorSink(outputLimitBytes);
  readonly #pump: Pump;
  #open = true;

  constructor(readiness: Readiness) {
    const { readEnd, writeEnd } = makePipe();
    this.childEnd = writeEnd;
    this.#pump = new Pump({ source: readEnd, sink: this.#sink, readiness });
  }

  /** Call when the child has ended: takes what is still in the pipe and answers all of it. */
  finish(): string {
    this.#pump.poke();
    return this.#sink.text;
  }

  [Symbol.dispose](): void {
    if (this.#open) closeSync(this.childEnd);
    this.#open = false;
    this.#pump.close();
  }
}

/** A pipe that holds a whole text, so that nobody has to write while the child reads. */
export class CommandInput implements Disposable {
  readonly childEnd: number;

  constructor(text: Uint8Array) {
    const { readEnd, writeEnd } = makePipe();
    this.childEnd = readEnd;
    try {
      setNonBlocking(writeEnd);
      if (writeBytes(writeEnd, text) !== text.length)
        throw invalidArgument(`cannot pass ${text.length} bytes to the runtime: longer than a pipe holds`);
    } catch (error) {
      closeSync(readEnd);
      throw error;
    } finally {
      closeSync(writeEnd);
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.childEnd);
  }
}
