/** The wall clock with the kernel's resolution: clock_gettime(2). Date has milliseconds only. */
import { openLibc } from './libc.ts';

const libc = openLibc({ clock_gettime: { args: ['i32', 'ptr'], returns: 'i32' } });

const CLOCK_REALTIME = 0;
const timespec = new BigInt64Array(2);

export interface WallTime {
  readonly seconds: bigint;
  readonly nanos: number;
}

/** Now, as seconds since the epoch and nanoseconds of that second. */
export function wallTime(): WallTime {
  libc.clock_gettime(CLOCK_REALTIME, timespec);
  return { seconds: timespec[0] ?? 0n, nanos: Number(timespec[1] ?? 0n) };
}
