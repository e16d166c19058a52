/** The pipe from the background process to `start`: `ready` when it listens, or what went wrong. */
import { internal } from '@docker-ts/base/errors';
import { closeDescriptor, readToEnd, writeWhole } from '@docker-ts/linux/start-up-file';

const readyText = 'ready';

/** Waits until the other end says that it listens; anything else, and an end without a word, is thrown. */
export function awaitReady(fd: number): void {
  const answer = Buffer.from(readToEnd(fd)).toString('utf8');
  if (answer !== readyText) throw internal(`cannot start the shim: ${answer === '' ? 'it ended at once' : answer}`);
}

/** `readyFd` is the flag's value; "" if nobody waits. `failure` is told instead of being ready. */
export function reportReady(readyFd: string, failure?: string): void {
  if (readyFd === '') return;
  const fd = Number(readyFd);
  writeWhole(fd, Buffer.from(failure ?? readyText));
  closeDescriptor(fd);
}
