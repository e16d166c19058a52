/**
 * The shims' own messages. Each bundle's `log` is another name (hard link) of one FIFO of the daemon, so that the daemon needs one
 * descriptor for all shims; a line up to PIPE_BUF stays whole, whoever writes beside it. The FIFO outlives the daemon: shims go on
 * writing into it after a restart, and while nobody reads they get EPIPE, which they ignore, and never block.
 */
import { closeSync, constants, lstatSync, openSync, rmSync } from 'node:fs';
import { makeFifo } from '@docker-ts/linux/fifo';

const readerOf = (descriptor: number) => Bun.file(descriptor).stream().getReader();

export class ShimLog implements Disposable {
  readonly path: string;
  readonly #descriptor: number;
  readonly #reader: ReturnType<typeof readerOf>;
  #closed = false;

  private constructor(path: string, descriptor: number) {
    this.path = path;
    this.#descriptor = descriptor;
    this.#reader = readerOf(descriptor);
  }

  /** Opens the FIFO, made if need be, and hands whatever comes out of it to `write`. */
  static open(path: string, write: (bytes: Uint8Array) => void): ShimLog {
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found && !found.isFIFO()) rmSync(path);
    if (!found?.isFIFO()) makeFifo(path, 0o700);
    // read and write: the stream must not end when the last shim exits
    const log = new ShimLog(path, openSync(path, constants.O_RDWR | constants.O_NONBLOCK));
    void log.#copy(write);
    return log;
  }

  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    // a read that is left pending would keep the process alive
    void this.#reader.cancel().finally(() => closeSync(this.#descriptor));
  }

  async #copy(write: (bytes: Uint8Array) => void): Promise<void> {
    try {
      for (;;) {
        const { done, value } = await this.#reader.read();
        if (done) return;
        write(value);
      }
    } catch (error) {
      if (!this.#closed) write(new TextEncoder().encode(`cannot read the log of the shims: ${String(error)}\n`));
    }
  }
}
