/** The C reader under AddressSanitizer and UndefinedBehaviorSanitizer: whatever it is fed, it answers 0 or 1 and nothing else. */
import { beforeAll, expect, test } from 'bun:test';
import { join } from 'node:path';
import { exampleSpec } from '../commands/spec.ts';
import { compileExecPlan } from '../plan/compile-exec.ts';
import { encodePlan } from '../plan/encode.ts';
import { Plan } from '../plan/plan.ts';

const folder = join(import.meta.dir, '../..');
const reader = join(folder, 'init/build/init-sanitized');

beforeAll(() => {
  const built = Bun.spawnSync(['sh', join(folder, 'scripts/build-init.sh'), '--sanitize'], { stderr: 'pipe' });
  if (!built.success) throw new Error(built.stderr.toString());
}, 60_000);

function parse(bytes: Uint8Array): { status: number; report: string } {
  const { exitCode, stderr } = Bun.spawnSync([reader, '--parse'], { stdin: bytes, stderr: 'pipe' });
  return { status: exitCode, report: stderr.toString() };
}

/** A plan with every type of field. */
function samplePlan(): Uint8Array {
  const plan = compileExecPlan(
    { ...exampleSpec.process, user: { uid: 1, gid: 2, additionalGids: [3, 4, 5] }, cwd: '/', args: ['a', 'b'] },
    {
      id: 'x',
      cgroupJoinFiles: ['/a', '/b'],
      cgroupUnified: '/c',
      namespaces: [{ type: 'pid' }],
      pidfd: 3,
      consoleFd: 4,
      env: ['A=1'],
      preserveFds: 0,
      newKeyring: true,
      seccomp: { filter: new Uint8Array(24), flags: 0, instructionCount: 3, warnings: [] },
    },
  );
  return encodePlan(plan.steps);
}

/** A small generator with a seed, so that a failure can be repeated (xorshift32). */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const interesting = [0, 1, 2, 0x7f, 0x80, 0xff];

test('init/plan.gen.h is what the schema makes', () => {
  const script = join(folder, 'scripts/gen-plan-header.ts');
  expect(Bun.spawnSync([process.execPath, script, '--check']).exitCode).toBe(0);
});

test('plan_read takes a valid plan and an empty one', () => {
  expect(parse(samplePlan())).toEqual({ status: 0, report: '' });
  expect(parse(encodePlan([]))).toEqual({ status: 0, report: '' });
});

test('plan_read refuses unknown operations, trailing bytes, huge lengths and cut plans', () => {
  const plan = new Plan();
  plan.add('hostname', { name: 'x' }, 'x');
  const good = Buffer.from(encodePlan(plan.steps));
  const change = (edit: (bytes: Buffer) => void): Buffer => {
    const bytes = Buffer.from(good);
    edit(bytes);
    return bytes;
  };
  const bad = [
    Buffer.alloc(0),
    good.subarray(0, 7),
    good.subarray(0, good.length - 1),
    change((bytes) => bytes.writeUInt16LE(9999, 12)),
    change((bytes) => bytes.writeUInt16LE(1, 14)),
    change((bytes) => bytes.writeUInt16LE(2, 6)),
    change((bytes) => bytes.writeUInt16LE(0, 6)),
    change((bytes) => bytes.writeUInt16LE(2, 4)),
    change((bytes) => bytes.writeUInt32LE(0xffff_ffff, 8)),
    change((bytes) => bytes.writeUInt32LE(0xffff_ffff, 16)),
    change((bytes) => bytes.writeUInt32LE(0xffff_ffff, 20)),
    change((bytes) => bytes.writeUInt32LE(0, 20)),
    change((bytes) => (bytes[24] = 0)),
  ];
  for (const bytes of bad) expect(parse(bytes)).toEqual({ status: 1, report: '' });
});

test('plan_read survives 400 mutated plans', () => {
  const original = samplePlan();
  const random = randomNumbers(0x5eed);
  for (let round = 0; round < 400; round++) {
    const bytes = Uint8Array.from(original);
    for (let edits = 1 + random(4); edits > 0; edits--)
      bytes[random(bytes.length)] = random(2) === 0 ? (interesting[random(interesting.length)] ?? 0) : random(256);
    const end = random(4) === 0 ? random(bytes.length) : bytes.length;
    const { status, report } = parse(bytes.subarray(0, end));
    expect({ round, status: status === 0 || status === 1, report }).toEqual({ round, status: true, report: '' });
  }
}, 60_000);
