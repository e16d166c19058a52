/**
 * A process's input: the client's FIFO read without blocking, into a pipe or a terminal. The shim holds a writing end of its own,
 * so that a client that leaves does not end the input; CloseIO closes it, and the end comes when all writers are gone.
 */
import { closeSync, constants, openSync } from 'node:fs';
import { openFifoForReading } from '@docker-ts/linux/fifo';
import { Pump } from './pump.ts';
import type { Readiness } from './readiness.ts';
import type { Sink } from './sink.ts';

export class Stdin implements Disposable {
  readonly #pump: Pump;
  #writer: number;

  private constructor(pump: Pump, writer: number) {
    this.#pump = pump;
    this.#writer = writer;
  }

  /** Starts copying from the FIFO at `path`; the sink is closed with the input's end. */
  static open(path: string, sink: Sink, readiness: Readiness): Stdin {
    const source = openFifoForReading(path);
    let writer: number;
    try {
      writer = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
    } catch (error) {
      closeSync(source);
      throw error;
    }
    return new Stdin(new Pump({ source, sink, readiness }), writer);
  }

  /** CloseIO: what is in the FIFO still arrives, then the process sees the end. */
  closeWriter(): void {
    if (this.#writer < 0) return;
    closeSync(this.#writer);
    this.#writer = -1;
    this.#pump.poke();
  }

  [Symbol.dispose](): void {
    this.closeWriter();
    this.#pump.close();
  }
}
