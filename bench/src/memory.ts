/** Memory that a process shares with nobody (USS): Private_Clean + Private_Dirty of /proc/PID/smaps_rollup (proc_pid_smaps(5)). */
import { readdirSync, readFileSync } from 'node:fs';

/** KiB that would be free again if the process ended. */
export function unsharedKib(pid: number): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  return [...text.matchAll(/^Private_(?:Clean|Dirty):\s+(\d+) kB/gm)].reduce((sum, [, kib]) => sum + Number(kib), 0);
}

/** Pids of the processes that have `part` in their command line, and `program` as the last part of their executable's path. */
export function pidsOf(program: RegExp, part: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const [executable = '', ...args] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
        return program.test(executable) && args.some((arg) => arg.includes(part)) ? [Number(pid)] : [];
      } catch {
        return []; // gone meanwhile
      }
    });
}
