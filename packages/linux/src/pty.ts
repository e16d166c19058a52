/**
 * Pseudo-terminals handed over by a runtime: the console socket that runc's `--console-socket` connects to, the master that
 * comes over it (runc docs/terminals.md), and the window size (ioctl_tty(2)).
 */
import { closeSync } from 'node:fs';
import { invalidArgument } from '@docker-ts/base/errors';
import { check, cString, openLibc } from './libc.ts';
import { receiveDescriptor } from './local-socket.ts';

const libc = openLibc({
  socket: { args: ['i32', 'i32', 'i32'], returns: 'i32' },
  bind: { args: ['i32', 'ptr', 'u32'], returns: 'i32' },
  listen: { args: ['i32', 'i32'], returns: 'i32' },
  accept4: { args: ['i32', 'ptr', 'ptr', 'i32'], returns: 'i32' },
  ioctl: { args: ['i32', 'u64', 'ptr'], returns: 'i32' },
});

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const TIOCSWINSZ = 0x5414n;
/** sun_path less its NUL (unix(7)). */
const maxPathBytes = 107;

/** A listening unix socket at `path`; non-blocking, close-on-exec. */
export function listenConsoleSocket(path: string): number {
  if (Buffer.byteLength(path) > maxPathBytes)
    throw invalidArgument(`cannot listen on "${path}": longer than ${maxPathBytes} bytes`);
  const fd = check(libc.socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), 'make a unix socket');
  try {
    const name = cString(path);
    const address = new Uint8Array(2 + name.length);
    address[0] = AF_UNIX;
    address.set(name, 2);
    check(libc.bind(fd, address, address.length), () => `bind ${path}`);
    check(libc.listen(fd, 1), () => `listen on ${path}`);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** The pty master that a runtime sent. Call it when the runtime has ended: nobody having connected is an error then. */
export function receiveConsole(listener: number): number {
  const connection = check(libc.accept4(listener, null, null, SOCK_CLOEXEC), 'accept on the console socket');
  try {
    return receiveDescriptor(connection);
  } finally {
    closeSync(connection);
  }
}

/** Sets the terminal's size in characters; the foreground process group gets SIGWINCH. */
export function setWindowSize(fd: number, columns: number, rows: number): void {
  check(libc.ioctl(fd, TIOCSWINSZ, new Uint16Array([rows, columns, 0, 0])), 'set the window size');
}
