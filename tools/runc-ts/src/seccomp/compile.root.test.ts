import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { supportsSeccompFlag } from '@docker-ts/linux/seccomp';
import type { LinuxSeccomp } from '@docker-ts/oci/runtime-spec';
import { seccompFilterFlag } from './program.ts';

/** Each system call's errno as a process sees it that put the filter on itself. */
function confined(profile: LinuxSeccomp): Record<string, number> {
  const program = join(import.meta.dir, 'testing/confined-process.ts');
  const { stdout, stderr, exitCode } = Bun.spawnSync([process.execPath, program, JSON.stringify(profile)]);
  expect({ exitCode, stderr: stderr.toString() }).toEqual({ exitCode: 0, stderr: '' });
  const lines = stdout.toString().trim().split('\n');
  return Object.fromEntries(lines.map((line) => [line.split(' ')[0], Number(line.split(' ')[1])]));
}

test('compileSeccomp makes a program that the kernel takes and obeys', () => {
  const answers = confined({
    defaultAction: 'SCMP_ACT_ALLOW',
    architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32'],
    syscalls: [
      { names: ['getpgid'], action: 'SCMP_ACT_ERRNO', errnoRet: 77 },
      {
        names: ['getpriority'],
        action: 'SCMP_ACT_ERRNO',
        errnoRet: 33,
        args: [{ index: 0, op: 'SCMP_CMP_EQ', value: 1 }],
      },
    ],
  });
  expect(answers).toEqual({ 'getpriority(0)': 0, 'getpriority(1)': 33, getpgid: 77, getsid: 0 });
});

test('supportsSeccompFlag knows the flags of every kernel that docker-ts runs on', () => {
  expect(supportsSeccompFlag(seccompFilterFlag.LOG)).toBe(true);
  expect(supportsSeccompFlag(seccompFilterFlag.SPEC_ALLOW)).toBe(true);
  expect(supportsSeccompFlag(1 << 30)).toBe(false);
});
