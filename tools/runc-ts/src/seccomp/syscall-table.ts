/**
 * The architectures that a filter can tell apart, and their system call numbers. AUDIT_ARCH_* values: include/uapi/linux/audit.h.
 * Tables are text until they are asked for: parsing one takes some tens of microseconds, and a start needs two or three of them.
 */
import { unimplemented } from '@docker-ts/base/errors';
import { aarch64Syscalls } from './syscalls-aarch64.ts';
import { armSyscalls } from './syscalls-arm.ts';
import { foreignSyscalls } from './syscalls-foreign.ts';
import { i386Syscalls } from './syscalls-i386.ts';
import { x8664Syscalls } from './syscalls-x86-64.ts';
import { x32Syscalls } from './syscalls-x32.ts';

export type ArchitectureName = 'x86_64' | 'x86' | 'x32' | 'aarch64' | 'arm';

export interface Architecture {
  readonly name: ArchitectureName;
  /** AUDIT_ARCH_*: `arch` of struct seccomp_data. x32 shares x86-64's. */
  readonly audit: number;
  /** Significant bits of an argument: of 32-bit architectures the upper halves are not looked at, as libseccomp has it. */
  readonly argumentBits: 32 | 64;
  /** Added to each number: x32's mark. */
  readonly numberBase: number;
  /** Numbers by name, without `numberBase`. */
  readonly numbers: ReadonlyMap<string, number>;
}

/** __X32_SYSCALL_BIT. */
export const x32Bit = 0x40000000;

function parseTable(text: string): Map<string, number> {
  const numbers = new Map<string, number>();
  let next = 0;
  for (const word of text.trim().replaceAll('\n', ' ').split(' ')) {
    const first = word.charCodeAt(0);
    if (first >= 48 && first <= 57) next = Number(word);
    else numbers.set(word, next++);
  }
  return numbers;
}

function lazily(
  name: ArchitectureName,
  audit: number,
  argumentBits: 32 | 64,
  text: string,
  numberBase = 0,
): Architecture {
  let numbers: ReadonlyMap<string, number> | undefined;
  return {
    name,
    audit,
    argumentBits,
    numberBase,
    get numbers() {
      return (numbers ??= parseTable(text));
    },
  };
}

const AUDIT_ARCH_X86_64 = 0xc000003e;
const AUDIT_ARCH_I386 = 0x40000003;
const AUDIT_ARCH_AARCH64 = 0xc00000b7;
const AUDIT_ARCH_ARM = 0x40000028;

const architectures: Readonly<Record<ArchitectureName, Architecture>> = {
  x86_64: lazily('x86_64', AUDIT_ARCH_X86_64, 64, x8664Syscalls),
  x86: lazily('x86', AUDIT_ARCH_I386, 32, i386Syscalls),
  x32: lazily('x32', AUDIT_ARCH_X86_64, 32, x32Syscalls, x32Bit),
  aarch64: lazily('aarch64', AUDIT_ARCH_AARCH64, 64, aarch64Syscalls),
  arm: lazily('arm', AUDIT_ARCH_ARM, 32, armSyscalls),
};

/** The architecture of `SCMP_ARCH_X86_64`, or of `x86_64`. unimplemented for the ones that docker-ts has no table of. */
export function architectureOf(name: string): Architecture {
  const short = name.replace(/^SCMP_ARCH_/, '').toLowerCase();
  if (Object.hasOwn(architectures, short)) return architectures[short as ArchitectureName];
  throw unimplemented(`cannot compile seccomp filter: architecture "${name}" is not supported`);
}

/** node's process.arch as an architecture name here. */
export function nativeArchitectureName(arch: string = process.arch): string {
  return arch === 'x64' ? 'x86_64' : arch === 'arm64' ? 'aarch64' : arch === 'ia32' ? 'x86' : arch;
}

/** True if a system call of that name is known, be it of an architecture that a filter here has nothing to do with. */
export function isKnownSyscall(name: string): boolean {
  return (
    foreignSyscalls.split(' ').includes(name) ||
    Object.values(architectures).some((architecture) => architecture.numbers.has(name))
  );
}
