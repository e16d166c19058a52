/** Run as a program: puts a filter on itself (argv: profile as JSON) and prints what system calls answer, as `name errno` lines. */
import { errno, openLibc } from '@docker-ts/linux/libc';
import { loadSeccompFilter } from '@docker-ts/linux/seccomp';
import type { LinuxSeccomp } from '@docker-ts/oci/runtime-spec';
import { compileSeccomp } from '../compile.ts';

const libc = openLibc({
  getpriority: { args: ['i32', 'u32'], returns: 'i32' },
  getpgid: { args: ['i32'], returns: 'i32' },
  getsid: { args: ['i32'], returns: 'i32' },
});

const program = compileSeccomp(JSON.parse(process.argv[2] ?? '{}') as LinuxSeccomp);
loadSeccompFilter(program.filter, program.flags);
const report = (name: string, result: number): void => console.log(name, result === -1 ? errno() : 0);
report('getpriority(0)', libc.getpriority(0, 0));
report('getpriority(1)', libc.getpriority(1, 0));
report('getpgid', libc.getpgid(0));
report('getsid', libc.getsid(0));
