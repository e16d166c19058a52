/** When a process started and whether it still runs: /proc/PID/stat, proc_pid_stat(5). */
import { readFileSync } from 'node:fs';

export interface ProcessStat {
  /** `R`, `S`, `D`, `Z`, `X`, … */
  readonly state: string;
  /** Clock ticks since boot: with the pid it tells a process from a later one with the same number. */
  readonly startTicks: number;
}

/** undefined if there is no such process. */
export function readProcessStat(pid: number): ProcessStat | undefined {
  let text;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  // the second field, the name, may contain anything but ends at the last parenthesis
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] ?? 'X', startTicks: Number(fields[19]) };
}

/** True while the process that started at `startTicks` exists and is no zombie. */
export function isProcessAlive(pid: number, startTicks: number): boolean {
  const stat = pid > 0 ? readProcessStat(pid) : undefined;
  return stat !== undefined && stat.startTicks === startTicks && stat.state !== 'Z' && stat.state !== 'X';
}
