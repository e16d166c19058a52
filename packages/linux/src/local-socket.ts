/**
 * Blocking unix sockets and the descriptors that travel over them: socketpair(2), connect(2), recvmsg(2) with SCM_RIGHTS
 * (unix(7)). Everything is close-on-exec.
 */
import { closeSync, constants, openSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { failedPrecondition } from '@docker-ts/base/errors';
import { ptr } from 'bun:ffi';
import { check, cString, openLibc } from './libc.ts';

const libc = openLibc({
  socketpair: { args: ['i32', 'i32', 'i32', 'ptr'], returns: 'i32' },
  socket: { args: ['i32', 'i32', 'i32'], returns: 'i32' },
  connect: { args: ['i32', 'ptr', 'u32'], returns: 'i32' },
  recvmsg: { args: ['i32', 'ptr', 'i32'], returns: 'i64' },
});

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const MSG_CMSG_CLOEXEC = 0x40000000;
const O_PATH = 0o10000000;
/** sun_path with its NUL (unix(7)). */
const pathLimit = 108;

/** Two connected stream sockets. */
export function socketPair(): [number, number] {
  const fds = new Int32Array(2);
  check(libc.socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 'make a socket pair');
  return [fds[0] ?? -1, fds[1] ?? -1];
}

function connectShort(path: string): number {
  const fd = check(libc.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), 'make a unix socket');
  const address = new Uint8Array(2 + pathLimit);
  address[0] = AF_UNIX;
  address.set(cString(path), 2);
  try {
    check(libc.connect(fd, address, address.length), () => `connect to ${path}`);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** Connects to the stream socket at `path`, however long that is. */
export function connectLocalSocket(path: string): number {
  if (Buffer.byteLength(path) < pathLimit) return connectShort(path);
  const folder = openSync(dirname(path), constants.O_DIRECTORY | O_PATH);
  try {
    return connectShort(`/proc/self/fd/${folder}/${basename(path)}`);
  } finally {
    closeSync(folder);
  }
}

/** struct msghdr of 64-bit Linux: name, its length, iov, its length, control, its length, flags. */
const msghdrWords = 7;
/** struct cmsghdr with one descriptor: length, level and type, the descriptor, padded to 24 bytes. */
const controlBytes = 24;

/** Blocks for one message and answers the descriptor in it. */
export function receiveDescriptor(socket: number): number {
  const text = new Uint8Array(4096);
  const control = new Uint8Array(controlBytes);
  const iov = new BigUint64Array([BigInt(ptr(text)), BigInt(text.length)]);
  const message = new BigUint64Array(msghdrWords);
  message[2] = BigInt(ptr(iov));
  message[3] = 1n;
  message[4] = BigInt(ptr(control));
  message[5] = BigInt(control.length);
  check(Number(libc.recvmsg(socket, message, MSG_CMSG_CLOEXEC)), 'receive a descriptor');
  const view = new DataView(control.buffer);
  if (view.getInt32(8, true) !== SOL_SOCKET || view.getInt32(12, true) !== SCM_RIGHTS)
    throw failedPrecondition('cannot receive a descriptor: the message carries none');
  return view.getInt32(16, true);
}
