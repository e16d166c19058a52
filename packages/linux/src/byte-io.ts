/**
 * read(2) and write(2) on descriptors that do not block, without an exception or an allocation for each call: what node:fs
 * offers throws an Error object for every EAGAIN. Also pipe2(2), and the notice by signal (O_ASYNC, fcntl(2)) that a
 * descriptor became readable or writable.
 */
import { errnoNumbers } from './errno.ts';
import { check, errno, openLibc, SystemError } from './libc.ts';

// ssize_t read as i32: a number and not a bigint, and no buffer here comes near 2 GiB.
const libc = openLibc({
  read: { args: ['i32', 'ptr', 'u64'], returns: 'i32' },
  write: { args: ['i32', 'ptr', 'u64'], returns: 'i32' },
  pipe2: { args: ['ptr', 'i32'], returns: 'i32' },
  fcntl: { args: ['i32', 'i32', 'i64'], returns: 'i32' },
});

const O_CLOEXEC = 0o2000000;
const O_NONBLOCK = 0o4000;
const O_ASYNC = 0o20000;
const F_GETFL = 3;
const F_SETFL = 4;
const F_SETOWN = 8;
const { EAGAIN, EINTR, EPIPE, EIO } = errnoNumbers;

/** Nothing to read, or no room to write, at the moment. */
export const wouldBlock = -1;
/** The other end is gone: EPIPE, or EIO of a pseudo-terminal whose last user closed it (pty(7)). */
export const peerGone = -2;

/** Bytes read into `buffer`, 0 at the end, or `wouldBlock`, or `peerGone`. Other failures are thrown. */
export function readBytes(fd: number, buffer: Uint8Array): number {
  for (;;) {
    const count = libc.read(fd, buffer, buffer.length);
    if (count >= 0) return count;
    const error = errno();
    if (error === EAGAIN) return wouldBlock;
    if (error === EIO || error === EPIPE) return peerGone;
    if (error !== EINTR) throw new SystemError(`read from descriptor ${fd}`, error);
  }
}

/** Bytes of `buffer` that were taken, or `wouldBlock`, or `peerGone`. Other failures are thrown. */
export function writeBytes(fd: number, buffer: Uint8Array): number {
  for (;;) {
    const count = libc.write(fd, buffer, buffer.length);
    if (count >= 0) return count;
    const error = errno();
    if (error === EAGAIN) return wouldBlock;
    if (error === EPIPE || error === EIO) return peerGone;
    if (error !== EINTR) throw new SystemError(`write to descriptor ${fd}`, error);
  }
}

/** pipe2(2), close-on-exec. */
export function makePipe(): { readonly readEnd: number; readonly writeEnd: number } {
  const fds = new Int32Array(2);
  check(libc.pipe2(fds, O_CLOEXEC), 'make a pipe');
  return { readEnd: fds[0] ?? -1, writeEnd: fds[1] ?? -1 };
}

/** Makes reads and writes through this open file description non-blocking. */
export function setNonBlocking(fd: number): void {
  const flags = check(libc.fcntl(fd, F_GETFL, 0), `get flags of descriptor ${fd}`);
  check(libc.fcntl(fd, F_SETFL, flags | O_NONBLOCK), `set flags of descriptor ${fd}`);
}

/**
 * Makes `fd` non-blocking and asks the kernel for SIGIO when it becomes readable or writable. Pipes, FIFOs, terminals,
 * sockets and inotify can do it; eventfd and regular files cannot. A handler for SIGIO must be in place, for the signal's
 * default action ends the process.
 */
export function signalReadiness(fd: number): void {
  check(libc.fcntl(fd, F_SETOWN, process.pid), `set owner of descriptor ${fd}`);
  const flags = check(libc.fcntl(fd, F_GETFL, 0), `get flags of descriptor ${fd}`);
  check(libc.fcntl(fd, F_SETFL, flags | O_NONBLOCK | O_ASYNC), `set flags of descriptor ${fd}`);
}
