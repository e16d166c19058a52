/**
 * Opening the client's FIFO for a process's output as containerd's shim does it: the first open waits until the client reads, so
 * that no output is written before and lost with a quick process; then the shim holds a reading end of its own, so that a
 * client that goes away breaks nothing and one that comes back finds the FIFO open. The reading end stays until the process is
 * deleted: what nobody has read yet lives in the FIFO only as long as somebody has it open.
 *
 * open(2) for writing would block the thread; without blocking it fails with ENXIO until a reader is there, so it is repeated.
 * A client that waits in its own open for reading counts as a reader.
 */
import { closeSync, constants, openSync, statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { deadlineExceeded } from '@docker-ts/base/errors';
import { openFifoForReading, openFifoForWriting } from '@docker-ts/linux/fifo';
import { DescriptorSink } from './descriptor-sink.ts';
import type { Readiness } from './readiness.ts';
import type { Sink } from './sink.ts';

/** containerd's shim gives a client this long. */
const openTimeoutMs = 30_000;
const longestPauseMs = 50;

export interface FifoOutput {
  readonly sink: Sink;
  /** The shim's own reading end, for the receiver to close; undefined for a file. */
  readonly keep: number | undefined;
}

/** A sink for `path`, once somebody reads it. A path that is no FIFO is appended to as a file. */
export async function openFifoOutput(path: string, readiness: Readiness): Promise<FifoOutput> {
  if (!statSync(path).isFIFO())
    return { sink: new DescriptorSink(openSync(path, constants.O_WRONLY | constants.O_APPEND)), keep: undefined };
  const fd = await waitForReader(path);
  try {
    const keep = openFifoForReading(path);
    readiness.watch(fd);
    return { sink: new DescriptorSink(fd), keep };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

async function waitForReader(path: string): Promise<number> {
  const deadline = performance.now() + openTimeoutMs;
  for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    const fd = openFifoForWriting(path);
    if (fd !== undefined) return fd;
    if (performance.now() > deadline)
      throw deadlineExceeded(`containerd-shim: opening w/o fifo "${path}" failed: context deadline exceeded`);
    await delay(pauseMs);
  }
}
