import { expect, test } from 'bun:test';
import { codeOf, messageOf } from '@docker-ts/base/errors';
import {
  assertStartable,
  parseRuntimeSpec,
  validateProcess,
  validateResources,
  validateRuntimeSpec,
} from './runtime-spec-validation.ts';

/** What `runc spec` writes, in short. */
function sample(): Record<string, unknown> {
  return {
    ociVersion: '1.0.2-dev',
    process: { user: { uid: 0, gid: 0 }, args: ['sh'], env: ['PATH=/bin'], cwd: '/', rlimits: [] },
    root: { path: 'rootfs', readonly: true },
    hostname: 'runc',
    mounts: [{ destination: '/proc', type: 'proc', source: 'proc' }],
    linux: {
      resources: { devices: [{ allow: false, access: 'rwm' }] },
      namespaces: ['pid', 'network', 'ipc', 'uts', 'mount', 'cgroup'].map((type) => ({ type })),
      maskedPaths: ['/proc/acpi'],
    },
  };
}

/** The sample with one member, named by a path of keys, set to something else. */
function changed(path: string, value: unknown): Record<string, unknown> {
  const spec = sample();
  const keys = path.split('.');
  const last = keys.pop() ?? '';
  let object = spec;
  for (const key of keys) object = (object[key] ??= {}) as Record<string, unknown>;
  object[last] = value;
  return spec;
}

function refusal(json: unknown): string {
  try {
    validateRuntimeSpec(json);
  } catch (error) {
    expect(codeOf(error)).toBe('invalid_argument');
    return messageOf(error);
  }
  throw new Error('was taken');
}

test('validateRuntimeSpec takes what runc spec writes', () => {
  expect(validateRuntimeSpec(sample()).hostname).toBe('runc');
});

test('validateRuntimeSpec lets members through that it does not know', () => {
  expect(() => validateRuntimeSpec(changed('linux.futureThing', { a: 1 }))).not.toThrow();
});

test('validateRuntimeSpec removes members that are null', () => {
  expect('hooks' in validateRuntimeSpec(changed('hooks', null))).toBe(false);
});

test('validateRuntimeSpec takes an absent user for root, and an empty seccomp for none', () => {
  expect(validateRuntimeSpec(changed('process.user', undefined)).process?.user).toEqual({ uid: 0, gid: 0 });
  expect(validateRuntimeSpec(changed('process.user', { gid: 5 })).process?.user).toEqual({ uid: 0, gid: 5 });
  expect(validateRuntimeSpec(changed('linux.seccomp', {})).linux?.seccomp).toBeUndefined();
  expect(refusal(changed('linux.seccomp', { syscalls: [{ names: ['x'], action: 'SCMP_ACT_LOG' }] }))).toContain(
    'linux.seccomp.defaultAction: must be given',
  );
});

test('parseRuntimeSpec keeps 64-bit limits exact', () => {
  const text = JSON.stringify(sample()).replace(
    '"rlimits":[]',
    '"rlimits":[{"type":"RLIMIT_CORE","soft":18446744073709551615,"hard":18446744073709551615}]',
  );
  expect(parseRuntimeSpec(text).process?.rlimits?.[0]?.hard).toBe(18_446_744_073_709_551_615n);
});

const refused: [path: string, value: unknown, message: string][] = [
  ['ociVersion', '2.0.0', 'ociVersion: version "2.0.0" is not supported: need 1.x.y'],
  ['ociVersion', undefined, 'ociVersion: must be given'],
  ['root', undefined, 'root: must be given'],
  ['root.path', '', 'root.path: must not be empty'],
  ['mounts', [{}, {}, {}, { destination: 7 }].slice(3), 'mounts[0].destination: must be a string'],
  ['mounts', [{ destination: '/x\0y' }], 'mounts[0].destination: must not contain NUL'],
  ['mounts', {}, 'mounts: must be an array'],
  [
    'mounts',
    [{ destination: '/m', uidMappings: [] }],
    'mounts[0]: id-mapped mounts must have both uidMappings and gidMappings',
  ],
  ['process.cwd', 'tmp', 'process.cwd: must be an absolute path, not "tmp"'],
  ['process.cwd', undefined, 'process.cwd: must be given'],
  ['process.args', ['a', 1], 'process.args[1]: must be a string'],
  ['process.env', ['A=1', 'B'], 'process.env[1]: must be NAME=value'],
  ['process.user', { uid: -1, gid: 0 }, 'process.user.uid: must be between 0 and 4294967295'],
  ['process.oomScoreAdj', 1001, 'process.oomScoreAdj: must be between -1000 and 1000'],
  [
    'process.rlimits',
    [{ type: 'RLIMIT_FOO', soft: 1, hard: 1 }],
    'process.rlimits[0].type: unknown rlimit "RLIMIT_FOO"',
  ],
  [
    'process.rlimits',
    [
      { type: 'RLIMIT_CPU', soft: 1, hard: 1 },
      { type: 'RLIMIT_CPU', soft: 1, hard: 1 },
    ],
    'process.rlimits[1].type: "RLIMIT_CPU" is given twice',
  ],
  [
    'process.scheduler',
    { policy: 'SCHED_FIFO', runtime: 5 },
    'process.scheduler: runtime, deadline and period are for SCHED_DEADLINE only',
  ],
  [
    'process.scheduler',
    { policy: 'SCHED_OTHER', priority: 5 },
    'process.scheduler.priority: is for SCHED_FIFO and SCHED_RR only',
  ],
  ['hooks', { poststart: [{ path: 'bin/x' }] }, 'hooks.poststart[0].path: must be an absolute path, not "bin/x"'],
  [
    'hooks',
    { poststart: [{ path: '/x', timeout: 0 }] },
    'hooks.poststart[0].timeout: must be between 1 and 2147483647',
  ],
  ['linux.namespaces', [{ type: 'pid' }, { type: 'pid' }], 'linux.namespaces[1]: namespace "pid" is given twice'],
  ['linux.namespaces', [{ type: 'moon' }], 'linux.namespaces[0].type: unknown namespace "moon"'],
  ['linux.namespaces', [{ type: 'pid', path: 'ns' }], 'linux.namespaces[0].path: must be an absolute path, not "ns"'],
  ['linux.namespaces', [{ type: 'mount' }], 'hostname: needs a uts namespace'],
  ['linux.namespaces', [{ type: 'uts' }], 'linux.maskedPaths: needs a mount namespace'],
  ['linux.uidMappings', [{ containerID: 0, hostID: 0, size: 1 }], 'linux.uidMappings: needs a user namespace'],
  ['linux.timeOffsets', { monotonic: { secs: 1 } }, 'linux.timeOffsets: needs a time namespace'],
  ['linux.rootfsPropagation', 'odd', 'linux.rootfsPropagation: unknown propagation "odd"'],
  [
    'linux.seccomp',
    { defaultAction: 'SCMP_ACT_SMILE' },
    'linux.seccomp.defaultAction: unknown seccomp action "SCMP_ACT_SMILE"',
  ],
  ['linux.devices', [{ path: '/dev/x', type: 'x' }], 'linux.devices[0].type: unknown device type "x"'],
  ['linux.resources.devices', [{ allow: true }], 'linux.resources.devices[0].access: must be made of r, w and m'],
  ['linux.resources.pids', { limit: 1.5 }, 'linux.resources.pids.limit: must be a whole number'],
  ['linux.resources.memory', { swappiness: 101 }, 'linux.resources.memory.swappiness: must be between 0 and 100'],
  ['annotations', { a: 1 }, 'annotations.a: must be a string'],
];

test.each(refused)('validateRuntimeSpec refuses %s = %j', (path, value, message) => {
  expect(refusal(changed(path, value))).toBe(`cannot use config.json: ${message}`);
});

test.each([['x'], [1], [null], [[]]])('validateRuntimeSpec refuses a document that is %j', (json) => {
  expect(refusal(json)).toBe('cannot use config.json: must be an object');
});

test('assertStartable wants a process with arguments', () => {
  expect(() => assertStartable(validateRuntimeSpec(changed('process', undefined)))).toThrow('process: must be given');
  expect(() => assertStartable(validateRuntimeSpec(changed('process.args', [])))).toThrow(
    'process.args: must not be empty',
  );
  expect(() => assertStartable(validateRuntimeSpec(sample()))).not.toThrow();
});

test('validateProcess names its own document', () => {
  expect(() => validateProcess({ cwd: '/' })).toThrow('cannot use process.json: args: must not be empty');
});

test('validateResources names its own document', () => {
  expect(() => validateResources({ cpu: { shares: -1 } }, 'update.json')).toThrow(
    'cannot use update.json: cpu.shares: must be between 0 and 18446744073709551615',
  );
});
