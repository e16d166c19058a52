/**
 * The FIFO between create and start (fifo(7)). The init blocks in opening it for writing; `start` opens it for reading, which lets
 * the init go on, and waits for the one byte that says so. An init that has died says nothing, so its end is watched too.
 */
import { closeSync, constants, openSync, readSync, unlinkSync } from 'node:fs';
import { failedPrecondition, wrap } from '@docker-ts/base/errors';
import { pollReadable } from '@docker-ts/linux/descriptor';

/** Blocks until the init goes on to exec. failed_precondition: it has died instead, or was started before. */
export function releaseInit(fifoPath: string, pidfd: number): void {
  let fifo;
  try {
    fifo = openSync(fifoPath, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT')
      throw failedPrecondition('cannot start an already running container', error);
    throw wrap(error, 'cannot open exec.fifo');
  }
  try {
    for (;;) {
      const [fifoEvents = 0] = pollReadable([fifo, pidfd], -1);
      if (fifoEvents === 0) throw failedPrecondition('container process is already dead');
      if (readSync(fifo, Buffer.alloc(1)) > 0) break;
      // hung up without the byte: only a dying init does that
      pollReadable([pidfd], 1000);
      throw failedPrecondition('container process is already dead');
    }
  } finally {
    closeSync(fifo);
  }
  unlinkSync(fifoPath);
}
