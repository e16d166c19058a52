/**
 * Text to standard output and error, and whether they are terminals: write(2), isatty(3). For programs in which start-up is the
 * product: `process.stdout` and `process.stderr` take six milliseconds to come into being, `node:tty` more than one.
 */
import { errnoNumbers } from './errno.ts';
import { check, errno, openLibc, SystemError } from './libc.ts';

const libc = openLibc({
  write: { args: ['i32', 'ptr', 'u64'], returns: 'i32' },
  poll: { args: ['ptr', 'u64', 'i32'], returns: 'i32' },
  isatty: { args: ['i32'], returns: 'i32' },
});

const POLLOUT = 4;

/** Blocks until `fd`, which somebody has made non-blocking, takes more. */
function waitUntilWritable(fd: number): void {
  const entry = new Int32Array([fd, POLLOUT]);
  check(libc.poll(entry, 1, -1), `poll descriptor ${fd}`);
}

/** Writes all of `text`, waiting for a slow reader. One that has gone away (EPIPE) is no error: nobody wants the rest. */
export function writeText(fd: number, text: string): void {
  let rest = new TextEncoder().encode(text);
  while (rest.length > 0) {
    const count = libc.write(fd, rest, rest.length);
    if (count >= 0) {
      rest = rest.subarray(count);
      continue;
    }
    const error = errno();
    if (error === errnoNumbers.EPIPE) return;
    if (error === errnoNumbers.EAGAIN) waitUntilWritable(fd);
    else if (error !== errnoNumbers.EINTR) throw new SystemError(`write to descriptor ${fd}`, error);
  }
}

/** True if `fd` is a terminal. */
export function isTerminal(fd: number): boolean {
  return libc.isatty(fd) === 1;
}
