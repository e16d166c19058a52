/**
 * The compiler beside libseccomp 2.5.4: testdata holds profiles, and the programs that libseccomp exported for them when told the rules
 * as runc tells them. Programs differ; what they answer must not.
 */
import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseExactJson } from '@docker-ts/oci/exact-json';
import type { LinuxSeccomp } from '@docker-ts/oci/runtime-spec';
import { compileSeccomp } from './compile.ts';
import { architectureOf } from './syscall-table.ts';
import { runFilter } from './testing/bpf-interpreter.ts';
import { withEnosys } from './testing/filter-model.ts';

interface Sample {
  readonly name: string;
  readonly config: LinuxSeccomp;
  /** struct sock_filter[], base64. */
  readonly filter: string;
}

const text = readFileSync(join(import.meta.dir, 'testdata/libseccomp-2.5.4.json'), 'utf8');
const samples = parseExactJson(text, 'samples') as Sample[];

/** The values that decide: those of the profile, their neighbours, and the ends of both halves. */
function interestingValues({ syscalls = [] }: LinuxSeccomp): bigint[] {
  const values = [0n, 1n, 0xffff_ffffn, 0x1_0000_0000n, 2n ** 64n - 1n];
  for (const { args = [] } of syscalls)
    for (const { value, valueTwo = 0 } of args)
      for (const base of [BigInt(value), BigInt(valueTwo)]) values.push(base - 1n, base, base + 1n);
  return [...new Set(values.map((value) => BigInt.asUintN(64, value)))];
}

test.each(samples.map((sample) => [sample.name, sample] as const))(
  'compileSeccomp answers as libseccomp: %s',
  (_, sample) => {
    const { config } = sample;
    const theirs = new Uint8Array(Buffer.from(sample.filter, 'base64'));
    const ours = compileSeccomp(config, { arch: 'x86_64' });
    const values = interestingValues(config);
    for (const architecture of ['x86_64', 'x86', 'x32', 'aarch64'].map(architectureOf))
      for (let number = 0; number < 500; number++)
        for (const [round, value] of values.slice(0, 40).entries()) {
          const args = Array.from({ length: 6 }, (__, index) =>
            BigInt.asUintN(
              architecture.argumentBits,
              (index + round) % 3 === 0 ? value : (values[(round * 7 + index) % values.length] ?? 0n),
            ),
          );
          const data = { nr: architecture.numberBase + number, arch: architecture.audit, args };
          const enabled =
            architecture.name === 'x86_64' ||
            config.architectures?.some((name) => architectureOf(name) === architecture);
          const expected = (): number => runFilter(theirs, data).value;
          const verdict = enabled === true ? withEnosys(config, architecture, data, expected) : expected();
          if (runFilter(ours.filter, data).value !== verdict)
            expect({ ...data, value: runFilter(ours.filter, data).value }).toEqual({ ...data, value: verdict });
        }
  },
);
