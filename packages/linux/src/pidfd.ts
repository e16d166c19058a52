/** References to processes that cannot turn into another one: pidfd_open(2), pidfd_send_signal(2), kill(2). */
import { check, openLibc } from './libc.ts';

const libc = openLibc({
  syscall: { args: ['i64', 'i64', 'i64', 'ptr', 'i64'], returns: 'i64' },
});

// the same on every architecture, as for all system calls since 424
const SYS_pidfd_send_signal = 424;
const SYS_pidfd_open = 434;

/** A close-on-exec descriptor of process `pid`; it polls readable once the process has ended. not_found: there is none. */
export function openPidfd(pid: number): number {
  return check(Number(libc.syscall(SYS_pidfd_open, pid, 0, null, 0)), `open process ${pid}`);
}

/** Sends a signal to exactly the process that the descriptor stands for. */
export function signalPidfd(pidfd: number, signal: number): void {
  check(Number(libc.syscall(SYS_pidfd_send_signal, pidfd, signal, null, 0)), `send signal ${signal}`);
}
