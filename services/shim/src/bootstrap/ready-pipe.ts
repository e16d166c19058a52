/** The pipe from the background process to `start`: `ready` when it listens, or what went wrong. */
import { closeSync, readSync, writeSync } from 'node:fs';
import { internal } from '@docker-ts/base/errors';

const readyText = 'ready';

/** Waits until the other end says that it listens; anything else, and an end without a word, is thrown. */
export function awaitReady(fd: number): void {
  const buffer = Buffer.alloc(4096);
  let length = 0;
  for (;;) {
    const count = readSync(fd, buffer, length, buffer.length - length, null);
    if (count === 0) break;
    length += count;
  }
  const answer = buffer.toString('utf8', 0, length);
  if (answer !== readyText) throw internal(`cannot start the shim: ${answer === '' ? 'it ended at once' : answer}`);
}

/** `readyFd` is the flag's value; "" if nobody waits. `failure` is told instead of being ready. */
export function reportReady(readyFd: string, failure?: string): void {
  if (readyFd === '') return;
  const fd = Number(readyFd);
  writeSync(fd, failure ?? readyText);
  closeSync(fd);
}
