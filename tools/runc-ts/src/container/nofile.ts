/**
 * The limit of open files that the runtime was started with. Bun raises its own soft limit to the hard one, which a container must
 * not inherit; what it was before, only the parent's limits still tell (/proc/PID/limits).
 */
import { readFileSync } from 'node:fs';

interface Limit {
  readonly soft: bigint;
  readonly hard: bigint;
}

const unlimited = 2n ** 64n - 1n;
const number = (text: string): bigint => (text === 'unlimited' ? unlimited : BigInt(text));

function readNofile(pid: number | 'self'): Limit | undefined {
  const match = /^Max open files\s+(\S+)\s+(\S+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'latin1'));
  const [, soft, hard] = match ?? [];
  return soft === undefined || hard === undefined ? undefined : { soft: number(soft), hard: number(hard) };
}

/** undefined if there is nothing to restore. */
export function inheritedNofile(): Limit | undefined {
  try {
    const parent = readNofile(process.ppid);
    const own = readNofile('self');
    if (parent === undefined || own === undefined || parent.soft >= own.soft) return undefined;
    return { soft: parent.soft, hard: own.hard };
  } catch {
    // the parent has gone, or /proc hides it
    return undefined;
  }
}
