/** prctl(2): orphaned descendants become children of this process instead of the init's. */
import { check, openLibc } from './libc.ts';

const libc = openLibc({ prctl: { args: ['i32', 'u64', 'u64', 'u64', 'u64'], returns: 'i32' } });

const PR_SET_CHILD_SUBREAPER = 36;

/** Not inherited by children, kept over exec. */
export function becomeSubreaper(): void {
  check(libc.prctl(PR_SET_CHILD_SUBREAPER, 1n, 0n, 0n, 0n), 'become a subreaper');
}
