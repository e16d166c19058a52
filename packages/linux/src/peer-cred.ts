/** Who is at the other end of a unix socket: SO_PEERCRED of unix(7), taken by the kernel when the connection was made. */
import type { FFIFunction } from 'bun:ffi';
import { check, openLibc } from './libc.ts';

const SOL_SOCKET = 1;
const SO_PEERCRED = 17;

export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

const prototypes = {
  getsockopt: { args: ['i32', 'i32', 'i32', 'ptr', 'ptr'], returns: 'i32' },
} as const satisfies Record<string, FFIFunction>;
let libc: ReturnType<typeof openLibc<typeof prototypes>> | undefined;

/** The peer's credentials (struct ucred: pid, uid, gid) of a connected socket. */
export function peerCredentials(fd: number): PeerCredentials {
  libc ??= openLibc(prototypes);
  const credentials = new Uint32Array(3);
  const length = new Uint32Array([credentials.byteLength]);
  check(libc.getsockopt(fd, SOL_SOCKET, SO_PEERCRED, credentials, length), `getsockopt SO_PEERCRED on fd ${fd}`);
  const [pid = 0, uid = 0, gid = 0] = credentials;
  return { pid, uid, gid };
}
