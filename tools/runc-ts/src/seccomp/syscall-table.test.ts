import { expect, test } from 'bun:test';
import { architectureOf, nativeArchitectureName } from './syscall-table.ts';

test.each([
  ['SCMP_ARCH_X86_64', { read: 0, execve: 59, clone3: 435, openat2: 437, mseal: 462 }, 0xc000003e],
  ['SCMP_ARCH_X86', { restart_syscall: 0, socketcall: 102, ipc: 117, clone3: 435, mseal: 462 }, 0x40000003],
  ['SCMP_ARCH_X32', { read: 0, execve: 520, rt_sigaction: 512, openat2: 437 }, 0xc000003e],
  ['SCMP_ARCH_AARCH64', { io_setup: 0, read: 63, execve: 221, openat2: 437 }, 0xc00000b7],
  ['SCMP_ARCH_ARM', { read: 3, execve: 11, set_tls: 983045, openat2: 437 }, 0x40000028],
] as [string, Record<string, number>, number][])(
  'architectureOf %s has the numbers of the kernel',
  (name, numbers, audit) => {
    const architecture = architectureOf(name);
    expect(architecture.audit).toBe(audit);
    for (const [call, number] of Object.entries(numbers)) expect(architecture.numbers.get(call)).toBe(number);
  },
);

test('architectureOf refuses architectures without a table', () => {
  expect(() => architectureOf('SCMP_ARCH_MIPS')).toThrow('architecture "SCMP_ARCH_MIPS" is not supported');
  expect(() => architectureOf('toString')).toThrow('not supported');
});

test('nativeArchitectureName translates the name that node has', () => {
  expect(nativeArchitectureName('x64')).toBe('x86_64');
  expect(nativeArchitectureName('arm64')).toBe('aarch64');
});
