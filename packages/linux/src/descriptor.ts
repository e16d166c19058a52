/** Flags and life of file descriptors: fcntl(2), poll(2). */
import { errnoNumbers } from './errno.ts';
import { check, openLibc, SystemError } from './libc.ts';

const libc = openLibc({
  fcntl: { args: ['i32', 'i32', 'i64'], returns: 'i32' },
  poll: { args: ['ptr', 'u64', 'i32'], returns: 'i32' },
});

const F_GETFD = 1;
const F_SETFD = 2;
const FD_CLOEXEC = 1;

/** True if the descriptor is open. */
export function isOpen(fd: number): boolean {
  return libc.fcntl(fd, F_GETFD, 0) !== -1;
}

/** Lets the next started child have `fd`, or keeps it from all of them. */
export function setInherited(fd: number, inherited: boolean): void {
  check(libc.fcntl(fd, F_SETFD, inherited ? 0 : FD_CLOEXEC), `set flags of descriptor ${fd}`);
}

export const POLLIN = 1;
export const POLLHUP = 16;

/** Blocks until one of `fds` can be read, is hung up or broken; answers each one's events. No time limit: -1. */
export function pollReadable(fds: readonly number[], timeoutMs: number): number[] {
  const entries = new Int16Array(fds.length * 4);
  const numbers = new Int32Array(entries.buffer);
  for (const [index, fd] of fds.entries()) {
    numbers[index * 2] = fd;
    entries[index * 4 + 2] = POLLIN;
  }
  for (;;) {
    try {
      check(libc.poll(entries, fds.length, timeoutMs), 'poll');
      return fds.map((_, index) => entries[index * 4 + 3] ?? 0);
    } catch (error) {
      if (!(error instanceof SystemError) || error.errno !== errnoNumbers.EINTR) throw error;
    }
  }
}
