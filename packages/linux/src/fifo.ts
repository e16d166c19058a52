/**
 * Named pipes: mkfifo(3), fifo(7). All descriptors are non-blocking and close-on-exec.
 */
import { chmodSync, closeSync, constants, openSync } from 'node:fs';
import { check, cString, openLibc } from './libc.ts';

const libc = openLibc({ mkfifo: { args: ['ptr', 'u32'], returns: 'i32' } });

/** Makes a FIFO with exactly `mode`. already_exists: something has the name. */
export function makeFifo(path: string, mode = 0o600): void {
  check(libc.mkfifo(cString(path), mode), () => `make FIFO ${path}`);
  // mkfifo(3) takes the umask away from the mode
  chmodSync(path, mode);
}

/** Opens the reading end; never waits for a writer. */
export function openFifoForReading(path: string): number {
  return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
}

/** Opens the writing end; undefined while nobody has the reading end open. */
export function openFifoForWriting(path: string): number | undefined {
  try {
    return openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENXIO') return undefined;
    throw error;
  }
}

/** Keeps a FIFO open at both ends, so that it neither reaches its end nor breaks while writers and readers come and go. */
export class FifoHolder implements Disposable {
  #fd: number | undefined;

  constructor(path: string) {
    this.#fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  }

  [Symbol.dispose](): void {
    if (this.#fd === undefined) return;
    const fd = this.#fd;
    this.#fd = undefined;
    closeSync(fd);
  }
}
