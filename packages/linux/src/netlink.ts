/**
 * A netlink socket for rtnetlink requests (netlink(7), rtnetlink(7)): one message out, its acknowledgement or dump in. The kernel
 * answers before send(2) returns, so that nothing here waits.
 *
 *     nlmsghdr  length u32 · type u16 · flags u16 · sequence u32 · port u32 | body | attributes: length u16 · type u16 · value, padded to 4
 *
 * Numbers are in the machine's byte order, which is little-endian on all that is supported.
 */
import { closeSync } from 'node:fs';
import { internal } from '@docker-ts/base/errors';
import { check, openLibc, SystemError } from './libc.ts';

const libc = openLibc({
  socket: { args: ['i32', 'i32', 'i32'], returns: 'i32' },
  send: { args: ['i32', 'ptr', 'u64', 'i32'], returns: 'i64' },
  recv: { args: ['i32', 'ptr', 'u64', 'i32'], returns: 'i64' },
});

const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
const NETLINK_ROUTE = 0;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const headerBytes = 16;

export const NLM_F = { REQUEST: 1, ACK: 4, DUMP: 0x300, REPLACE: 0x100, EXCL: 0x200, CREATE: 0x400 } as const;

const aligned = (length: number): number => (length + 3) & ~3;

/** One attribute; a value of several attributes is nested. Text gets its NUL. */
export function attribute(type: number, value: Uint8Array | string | number | readonly Uint8Array[]): Uint8Array {
  let payload: Uint8Array;
  if (typeof value === 'string') payload = Buffer.from(`${value}\0`);
  else if (typeof value === 'number') payload = new Uint8Array(Uint32Array.of(value).buffer);
  else payload = value instanceof Uint8Array ? value : Buffer.concat(value);
  const bytes = Buffer.alloc(aligned(4 + payload.length));
  bytes.writeUInt16LE(4 + payload.length, 0);
  bytes.writeUInt16LE(type, 2);
  bytes.set(payload, 4);
  return bytes;
}

/** The attributes in `bytes` by type; of repeated ones the last. */
export function parseAttributes(bytes: Buffer): Map<number, Buffer> {
  const found = new Map<number, Buffer>();
  for (let start = 0; start + 4 <= bytes.length;) {
    const length = bytes.readUInt16LE(start);
    if (length < 4 || start + length > bytes.length) break;
    // the two highest bits say that the value is nested, or in network byte order
    found.set(bytes.readUInt16LE(start + 2) & 0x3fff, bytes.subarray(start + 4, start + length));
    start += aligned(length);
  }
  return found;
}

export interface NetlinkMessage {
  readonly type: number;
  readonly body: Buffer;
}

export class NetlinkSocket implements Disposable {
  readonly #fd: number;
  #sequence = 0;
  readonly #buffer = Buffer.alloc(64 * 1024);

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** A socket in the calling thread's network namespace; it stays there when the thread moves on. */
  static open(): NetlinkSocket {
    return new NetlinkSocket(check(libc.socket(AF_NETLINK, SOCK_RAW_CLOEXEC, NETLINK_ROUTE), 'make a netlink socket'));
  }

  /**
   * Sends a request and answers what the kernel said before its acknowledgement. A refusal is a SystemError told as `operation`.
   */
  request(operation: string, type: number, flags: number, ...parts: readonly Uint8Array[]): NetlinkMessage[] {
    const body = Buffer.concat(parts);
    const message = Buffer.alloc(headerBytes + body.length);
    const sequence = ++this.#sequence;
    message.writeUInt32LE(message.length, 0);
    message.writeUInt16LE(type, 4);
    message.writeUInt16LE(NLM_F.REQUEST | NLM_F.ACK | flags, 6);
    message.writeUInt32LE(sequence, 8);
    message.set(body, headerBytes);
    check(Number(libc.send(this.#fd, message, message.length, 0)), operation);
    const answers: NetlinkMessage[] = [];
    while (!this.#receive(operation, sequence, answers));
    return answers;
  }

  /** One datagram; true once the request is acknowledged. */
  #receive(operation: string, sequence: number, answers: NetlinkMessage[]): boolean {
    const length = check(Number(libc.recv(this.#fd, this.#buffer, this.#buffer.length, 0)), operation);
    for (let start = 0; start + headerBytes <= length;) {
      const size = this.#buffer.readUInt32LE(start);
      if (size < headerBytes || start + size > length) throw internal(`${operation}: malformed netlink message`);
      const type = this.#buffer.readUInt16LE(start + 4);
      const body = Buffer.from(this.#buffer.subarray(start + headerBytes, start + size));
      if (this.#buffer.readUInt32LE(start + 8) === sequence) {
        if (type === NLMSG_DONE) return true;
        if (type === NLMSG_ERROR) {
          const error = body.readInt32LE(0);
          if (error !== 0) throw new SystemError(operation, -error);
          return true;
        }
        answers.push({ type, body });
      }
      start += aligned(size);
    }
    return false;
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}
