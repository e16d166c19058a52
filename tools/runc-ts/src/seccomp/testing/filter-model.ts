/** What a profile says about one system call, worked out straight from its text: the tests' second opinion on the compiler. */
import type { LinuxSeccomp, LinuxSeccompArg, LinuxSyscall } from '@docker-ts/oci/runtime-spec';
import { letsThrough, returnEnosys, returnValue, SECCOMP_RET_KILL_THREAD } from '../action.ts';
import { multiplexedCalls } from '../socketcall.ts';
import { type Architecture, architectureOf, x32Bit } from '../syscall-table.ts';
import type { SeccompData } from './bpf-interpreter.ts';

function holds(arg: LinuxSeccompArg, args: readonly bigint[], bits: number): boolean {
  const cut = (value: bigint | number | undefined): bigint => BigInt.asUintN(bits, BigInt(value ?? 0));
  const actual = cut(args[arg.index]);
  const value = cut(arg.value);
  switch (arg.op) {
    case 'SCMP_CMP_NE':
      return actual !== value;
    case 'SCMP_CMP_LT':
      return actual < value;
    case 'SCMP_CMP_LE':
      return actual <= value;
    case 'SCMP_CMP_EQ':
      return actual === value;
    case 'SCMP_CMP_GE':
      return actual >= value;
    case 'SCMP_CMP_GT':
      return actual > value;
    case 'SCMP_CMP_MASKED_EQ':
      return (actual & value) === (cut(arg.valueTwo) & value);
    default:
      return arg.op satisfies never;
  }
}

function matches({ args: conditions = [] }: LinuxSyscall, args: readonly bigint[], bits: number): boolean {
  const alternatives = new Set(conditions.map(({ index }) => index)).size < conditions.length;
  const test = (condition: LinuxSeccompArg): boolean => holds(condition, args, bits);
  return conditions.length === 0 || (alternatives ? conditions.some(test) : conditions.every(test));
}

/** The largest number that the profile names: what lies beyond is answered with ENOSYS. */
function lastNumber(profile: LinuxSeccomp, architecture: Architecture): number {
  const names = (profile.syscalls ?? []).flatMap((call) => call.names);
  const known = names.filter((name) => multiplexedCalls(architecture)?.get(name) === undefined);
  return Math.max(0, ...known.map((name) => architecture.numbers.get(name) ?? 0));
}

/** The answer of libseccomp's program, behind runc's ENOSYS stub. */
export function withEnosys(
  profile: LinuxSeccomp,
  architecture: Architecture,
  data: SeccompData,
  otherwise: () => number,
): number {
  const last = lastNumber(profile, architecture);
  const beyond = last > 0 && data.nr > architecture.numberBase + last;
  return beyond && !letsThrough(profile.defaultAction) ? returnEnosys : otherwise();
}

/** Holds for profiles whose rules on one system call all have the same action, and without i386's multiplexers. */
export function modelVerdict(profile: LinuxSeccomp, data: SeccompData): number {
  const enabled = ['x86_64', ...(profile.architectures ?? [])].map(architectureOf);
  const marked = data.nr >= x32Bit;
  const architecture = enabled.find(
    ({ audit, name }) => audit === data.arch && (name === 'x32') === (marked && name !== 'x86' && name !== 'aarch64'),
  );
  if (architecture === undefined) return SECCOMP_RET_KILL_THREAD;
  return withEnosys(profile, architecture, data, () => {
    const rule = (profile.syscalls ?? []).find(
      (call) =>
        call.names.some((name) => architecture.numbers.get(name) === data.nr - architecture.numberBase) &&
        matches(call, data.args, architecture.argumentBits),
    );
    return rule === undefined
      ? returnValue(profile.defaultAction, profile.defaultErrnoRet)
      : returnValue(rule.action, rule.errnoRet);
  });
}
