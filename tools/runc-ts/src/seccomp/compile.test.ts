import { expect, test } from 'bun:test';
import { codeOf } from '@docker-ts/base/errors';
import type { LinuxSeccomp, LinuxSeccompArg } from '@docker-ts/oci/runtime-spec';
import * as fc from 'fast-check';
import { returnValue } from './action.ts';
import { compileSeccomp } from './compile.ts';
import { seccompFilterFlag } from './program.ts';
import { architectureOf } from './syscall-table.ts';
import { runFilter } from './testing/bpf-interpreter.ts';
import { modelVerdict } from './testing/filter-model.ts';

const x86 = { arch: 'x86_64' };
const allow = returnValue('SCMP_ACT_ALLOW');
const eperm = returnValue('SCMP_ACT_ERRNO', 1);
const enosys = returnValue('SCMP_ACT_ERRNO', 38);
const kill = returnValue('SCMP_ACT_KILL');

/** The answer to a system call, by name and architecture. */
function answer(profile: LinuxSeccomp, architecture: string, name: string | number, ...args: number[]): number {
  const { audit, numbers, numberBase } = architectureOf(architecture);
  const number = typeof name === 'number' ? name : (numbers.get(name) ?? -1);
  const data = { nr: (numberBase + number) >>> 0, arch: audit, args: args.map(BigInt) };
  return runFilter(compileSeccomp(profile, x86).filter, data).value;
}

test('compileSeccomp answers each action as the kernel wants it', () => {
  const values = {
    SCMP_ACT_KILL: 0,
    SCMP_ACT_KILL_THREAD: 0,
    SCMP_ACT_KILL_PROCESS: 0x80000000,
    SCMP_ACT_TRAP: 0x00030000,
    SCMP_ACT_ERRNO: 0x00050001,
    SCMP_ACT_TRACE: 0x7ff00001,
    SCMP_ACT_LOG: 0x7ffc0000,
    SCMP_ACT_NOTIFY: 0x7fc00000,
  } as const;
  for (const [action, value] of Object.entries(values) as [keyof typeof values, number][]) {
    const profile: LinuxSeccomp = { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names: ['getpid'], action }] };
    expect(answer(profile, 'x86_64', 'getpid')).toBe(value);
    expect(answer(profile, 'x86_64', 'getppid')).toBe(allow);
  }
});

test('compileSeccomp takes errnoRet and defaultErrnoRet, 0 included', () => {
  const profile: LinuxSeccomp = {
    defaultAction: 'SCMP_ACT_ERRNO',
    defaultErrnoRet: 22,
    syscalls: [
      { names: ['read'], action: 'SCMP_ACT_ERRNO', errnoRet: 0 },
      { names: ['write'], action: 'SCMP_ACT_ALLOW' },
    ],
  };
  expect(answer(profile, 'x86_64', 'read')).toBe(returnValue('SCMP_ACT_ERRNO', 0));
  expect(answer(profile, 'x86_64', 'write')).toBe(allow);
  expect(answer({ ...profile, syscalls: [{ names: ['close'], action: 'SCMP_ACT_ALLOW' }] }, 'x86_64', 'read')).toBe(
    returnValue('SCMP_ACT_ERRNO', 22),
  );
});

const modest: LinuxSeccomp = {
  defaultAction: 'SCMP_ACT_ERRNO',
  architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86'],
  syscalls: [{ names: ['read', 'openat2', 'socket'], action: 'SCMP_ACT_ALLOW' }],
};

test('compileSeccomp answers ENOSYS to system calls younger than the profile', () => {
  expect(answer(modest, 'x86_64', 'openat2')).toBe(allow);
  expect(answer(modest, 'x86_64', 'clone3')).toBe(eperm);
  expect(answer(modest, 'x86_64', 'faccessat2')).toBe(enosys);
  expect(answer(modest, 'x86', 'faccessat2')).toBe(enosys);
  expect(answer({ ...modest, defaultAction: 'SCMP_ACT_LOG' }, 'x86_64', 'faccessat2')).toBe(
    returnValue('SCMP_ACT_LOG'),
  );
});

test('compileSeccomp kills for architectures that the profile does not name', () => {
  expect(answer(modest, 'aarch64', 'read')).toBe(kill);
  expect(answer(modest, 'x32', 'read')).toBe(kill);
  expect(answer({ ...modest, architectures: ['SCMP_ARCH_X32'] }, 'x32', 'read')).toBe(allow);
  expect(answer({ ...modest, architectures: [] }, 'x86_64', 'read')).toBe(allow);
});

test('compileSeccomp gives the default to system call -1, by which a tracer skips a call', () => {
  expect(answer(modest, 'x86_64', -1)).toBe(eperm);
});

test('compileSeccomp covers socketcall of i386 with a rule for socket', () => {
  expect(answer(modest, 'x86', 'socketcall', 1)).toBe(allow);
  expect(answer(modest, 'x86', 'socketcall', 3)).toBe(eperm);
  expect(answer(modest, 'x86', 'socket', 2)).toBe(allow);
});

test('compileSeccomp keeps AF_ALG and AF_VSOCK sockets out where the profile does (CVE-2026-31431)', () => {
  const args = (op: LinuxSeccompArg['op'], value: number): LinuxSeccompArg[] => [{ index: 0, op, value }];
  const profile: LinuxSeccomp = {
    defaultAction: 'SCMP_ACT_ERRNO',
    architectures: ['SCMP_ARCH_X86', 'SCMP_ARCH_X32'],
    syscalls: [args('SCMP_CMP_LT', 38), args('SCMP_CMP_EQ', 39), args('SCMP_CMP_GT', 40)].map((conditions) => ({
      names: ['socket', 'openat2'],
      action: 'SCMP_ACT_ALLOW',
      args: conditions,
    })),
  };
  for (let family = 0; family < 64; family++)
    for (const architecture of ['x86_64', 'x86', 'x32'])
      expect(answer(profile, architecture, 'socket', family)).toBe(family === 38 || family === 40 ? eperm : allow);
});

test('compileSeccomp skips system calls that it does not have, and warns of those that nobody has', () => {
  const names = ['read', 'frobnicate', 'waitpid', 'riscv_hwprobe', 'arm_fadvise64_64'];
  const profile: LinuxSeccomp = { ...modest, architectures: [], syscalls: [{ names, action: 'SCMP_ACT_ALLOW' }] };
  expect(compileSeccomp(profile, x86).warnings).toEqual(['unknown system call "frobnicate" ignored']);
  expect(answer(profile, 'x86_64', 'read')).toBe(allow);
});

test('compileSeccomp passes flags and the listener on', () => {
  expect(compileSeccomp(modest, x86).flags).toBe(seccompFilterFlag.SPEC_ALLOW);
  expect(compileSeccomp({ ...modest, flags: [] }, x86).flags).toBe(0);
  expect(
    compileSeccomp({ ...modest, flags: ['SECCOMP_FILTER_FLAG_TSYNC', 'SECCOMP_FILTER_FLAG_LOG'] }, x86).flags,
  ).toBe(seccompFilterFlag.LOG);
  const notify = compileSeccomp(
    { ...modest, listenerPath: '/run/agent', flags: [], syscalls: [{ names: ['mkdir'], action: 'SCMP_ACT_NOTIFY' }] },
    x86,
  );
  expect(notify).toMatchObject({ flags: seccompFilterFlag.NEW_LISTENER, listenerPath: '/run/agent' });
});

test.each([
  [
    { ...modest, architectures: ['SCMP_ARCH_S390X'] },
    'unimplemented',
    'architecture "SCMP_ARCH_S390X" is not supported',
  ],
  [{ ...modest, flags: ['SECCOMP_FILTER_FLAG_X'] }, 'invalid_argument', 'unknown flag "SECCOMP_FILTER_FLAG_X"'],
  [{ defaultAction: 'SCMP_ACT_NOTIFY' }, 'invalid_argument', 'cannot be used as default action'],
  [
    { ...modest, syscalls: [{ names: ['write'], action: 'SCMP_ACT_NOTIFY' }] },
    'invalid_argument',
    'cannot be used for the write syscall',
  ],
] as [LinuxSeccomp, string, string][])('compileSeccomp refuses %j', (profile, code, text) => {
  let caught: unknown;
  try {
    compileSeccomp(profile, x86);
  } catch (error) {
    caught = error;
  }
  expect(codeOf(caught)).toBe(code as ReturnType<typeof codeOf>);
  expect(String(caught)).toContain(text);
});

test('compileSeccomp refuses rules that contradict each other', () => {
  const args: LinuxSeccompArg[] = [{ index: 0, op: 'SCMP_CMP_EQ', value: 1 }];
  const syscalls: LinuxSeccomp['syscalls'] = [
    { names: ['personality'], action: 'SCMP_ACT_ALLOW', args },
    { names: ['personality'], action: 'SCMP_ACT_KILL', args },
  ];
  expect(() => compileSeccomp({ ...modest, syscalls }, x86)).toThrow('rules for "personality" contradict each other');
});

test('compileSeccomp refuses more instructions than the kernel takes', () => {
  const syscalls = Array.from({ length: 2000 }, (_, value) => ({
    names: ['read'],
    action: 'SCMP_ACT_ALLOW' as const,
    args: [{ index: 0, op: 'SCMP_CMP_EQ' as const, value }],
  }));
  expect(() => compileSeccomp({ ...modest, syscalls }, x86)).toThrow('the kernel takes 4096');
});

const word = fc.oneof(
  fc.constantFrom(0n, 1n, 2n, 0xffff_ffffn, 0x1_0000_0000n, 0x1_ffff_ffffn, 2n ** 63n, 2n ** 64n - 1n),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
);
const condition = fc.record({
  index: fc.integer({ min: 0, max: 5 }),
  op: fc.constantFrom(
    ...(['NE', 'LT', 'LE', 'EQ', 'GE', 'GT', 'MASKED_EQ'] as const).map((op) => `SCMP_CMP_${op}` as const),
  ),
  value: word,
  valueTwo: word,
});
/** Far apart and next to each other; on some architectures only; and clone3, beyond which the stub begins. */
const someNames = [
  'read',
  'write',
  'open',
  'mmap',
  'ioctl',
  'waitpid',
  'personality',
  'openat2',
  'clone3',
  'futex_waitv',
];
const profile: fc.Arbitrary<LinuxSeccomp> = fc.record({
  defaultAction: fc.constantFrom('SCMP_ACT_ERRNO' as const, 'SCMP_ACT_KILL_PROCESS' as const, 'SCMP_ACT_LOG' as const),
  architectures: fc.subarray(['SCMP_ARCH_X86', 'SCMP_ARCH_X32', 'SCMP_ARCH_AARCH64']),
  syscalls: fc.array(
    fc.record({
      names: fc.subarray(someNames, { minLength: 1 }),
      action: fc.constant('SCMP_ACT_ALLOW' as const),
      args: fc.array(condition, { maxLength: 3 }),
    }),
    { maxLength: 12 },
  ),
});

test('compileSeccomp means what the profile says, for all profiles of one action', () => {
  const call = fc.record({
    architecture: fc.constantFrom('x86_64', 'x86', 'x32', 'aarch64'),
    name: fc.oneof(fc.constantFrom(...someNames), fc.integer({ min: 0, max: 600 })),
    args: fc.array(word, { minLength: 6, maxLength: 6 }),
  });
  fc.assert(
    fc.property(profile, fc.array(call, { minLength: 20, maxLength: 40 }), (config, calls) => {
      const { filter } = compileSeccomp(config, x86);
      for (const { architecture, name, args } of calls) {
        const { audit, numbers, numberBase, argumentBits } = architectureOf(architecture);
        const number = typeof name === 'number' ? name : (numbers.get(name) ?? 599);
        const data = {
          nr: numberBase + number,
          arch: audit,
          args: args.map((value) => BigInt.asUintN(argumentBits, value)),
        };
        expect(runFilter(filter, data).value).toBe(modelVerdict(config, data));
      }
    }),
    { numRuns: 200 },
  );
});
