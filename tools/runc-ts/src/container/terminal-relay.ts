/** Our terminal and the container's: what is typed goes in, what is written comes out, the size follows ours. */
import { closeSync, createReadStream, writeSync } from 'node:fs';
import { setWindowSize } from '@docker-ts/linux/pty';
import { isTerminal } from '@docker-ts/linux/standard-stream';

function writeFully(fd: number, chunk: Uint8Array): void {
  for (let done = 0; done < chunk.length;) {
    try {
      done += writeSync(fd, chunk, done);
    } catch (error) {
      if ((error as { code?: string }).code !== 'EAGAIN') throw error;
      Bun.sleepSync(1);
    }
  }
}

export class TerminalRelay {
  readonly #master: number;
  #ended = false;

  constructor(master: number) {
    this.#master = master;
    this.copySize();
  }

  /** Without a terminal of our own there is nothing to copy. */
  copySize(): void {
    if (!isTerminal(1)) return;
    const { columns, rows } = process.stdout;
    if (columns > 0 && rows > 0) setWindowSize(this.#master, columns, rows);
  }

  #toContainer = (chunk: Uint8Array): void => {
    try {
      if (!this.#ended) writeFully(this.#master, chunk);
    } catch {
      // nobody is left to read it
    }
  };

  /** Settles when the container's side is closed and all of it has been written. */
  async run(): Promise<void> {
    if (isTerminal(0)) process.stdin.setRawMode(true);
    process.stdin.on('data', this.#toContainer);
    try {
      // reads on a thread of its own: Bun's file stream does not see what a terminal has to say
      const output = createReadStream('', { fd: this.#master, autoClose: false });
      for await (const chunk of output) writeFully(1, chunk as Uint8Array);
    } catch {
      // EIO: the last descriptor of the terminal's other side is closed
    }
  }

  /** Passes on what is left, then gives our terminal back. Something in the background may hold the container's for ever. */
  async finish(relayed: Promise<void> | undefined): Promise<void> {
    await Promise.race([relayed, Bun.sleep(500)]);
    this.#ended = true;
    process.stdin.off('data', this.#toContainer);
    if (isTerminal(0)) process.stdin.setRawMode(false);
    process.stdin.pause();
    try {
      closeSync(this.#master);
    } catch {
      // the stream has closed it
    }
  }
}
