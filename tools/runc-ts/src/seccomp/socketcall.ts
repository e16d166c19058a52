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

/** How else a call can be made on this architecture, by name; undefined if it has no multiplexers. */
export function multiplexedCalls(architecture: Architecture): ReadonlyMap<string, MultiplexedCall> | undefined {
  if (architecture.name !== 'x86') return undefined;
  if (i386Operations !== undefined) return i386Operations;
  const socketcall = architecture.numbers.get('socketcall') ?? 0;
  const ipc = architecture.numbers.get('ipc') ?? 0;
  i386Operations = new Map();
  for (const [index, name] of socketOperations.split(' ').entries())
    i386Operations.set(name, { number: socketcall, operation: index + 1 });
  for (const name in ipcOperations) i386Operations.set(name, { number: ipc, operation: ipcOperations[name] ?? 0 });
  return i386Operations;
}
