/**
 * i386's multiplexers: before Linux 4.3 the socket calls, and before 5.1 the System V IPC calls, were not system calls of their
 * own there but operations of socketcall(2) and ipc(2), numbered by the first argument. A rule for `connect` has to cover both ways.
 * Numbers: include/uapi/linux/net.h and ipc.h.
 */
import type { Architecture } from './syscall-table.ts';

const socketOperations =
  'socket bind connect listen accept getsockname getpeername socketpair send recv sendto recvfrom shutdown setsockopt getsockopt ' +
  'sendmsg recvmsg accept4 recvmmsg sendmmsg';
const ipcOperations: Readonly<Record<string, number>> = {
  semop: 1,
  semget: 2,
  semctl: 3,
  semtimedop: 4,
  msgsnd: 11,
  msgrcv: 12,
  msgget: 13,
  msgctl: 14,
  shmat: 21,
  shmdt: 22,
  shmget: 23,
  shmctl: 24,
};

export interface MultiplexedCall {
  /** The multiplexer's system call number. */
  readonly number: number;
  /** The value of its first argument. */
  readonly operation: number;
}

let i386Operations: Map<string, MultiplexedCall> | undefined;

/** How else `name` can be called on this architecture; undefined if there is no other way. */
export function multiplexedCall(architecture: Architecture, name: string): MultiplexedCall | undefined {
  if (architecture.name !== 'x86') return undefined;
  if (i386Operations === undefined) {
    const socketcall = architecture.numbers.get('socketcall') ?? 0;
    const ipc = architecture.numbers.get('ipc') ?? 0;
    i386Operations = new Map(
      socketOperations.split(' ').map((call, index) => [call, { number: socketcall, operation: index + 1 }]),
    );
    for (const [call, operation] of Object.entries(ipcOperations)) i386Operations.set(call, { number: ipc, operation });
  }
  return i386Operations.get(name);
}
