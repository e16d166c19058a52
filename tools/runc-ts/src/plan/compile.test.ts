import { expect, test } from 'bun:test';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Mount, RuntimeSpec } from '@docker-ts/oci/runtime-spec';
import { assertStartable } from '@docker-ts/oci/runtime-spec-validation';
import { exampleSpec } from '../commands/spec.ts';
import { compileExecPlan } from './compile-exec.ts';
import { compilePlan, type HostFacts } from './compile.ts';
import { describePlan } from './describe.ts';
import type { Plan } from './plan.ts';
import type { OperationName } from './schema.ts';

const facts: HostFacts = {
  id: 'c1',
  bundle: '/bundle',
  rootfs: '/bundle/rootfs',
  cgroupJoinFiles: ['/sys/fs/cgroup/memory/c1/tasks'],
  cgroupUnified: '/sys/fs/cgroup/unified/c1',
  cgroupHierarchies: [
    {
      mountPoint: '/sys/fs/cgroup/cpu,cpuacct',
      type: 'cgroup',
      data: ['cpu', 'cpuacct'],
      directory: '/sys/fs/cgroup/cpu,cpuacct/c1',
    },
    {
      mountPoint: '/sys/fs/cgroup/systemd',
      type: 'cgroup',
      data: ['none', 'name=systemd'],
      directory: '/sys/fs/cgroup/systemd/c1',
    },
  ],
  hasKcore: true,
  env: ['PATH=/usr/bin:/bin', 'HOME=/root'],
  noPivot: false,
  newKeyring: true,
  preserveFds: 0,
  fifoFd: 5,
  consoleFd: 6,
};

/** Compares with a file of testdata; UPDATE_GOLDEN=1 writes it. */
function expectGolden(name: string, text: string): void {
  const path = join(import.meta.dir, '../../testdata', name);
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(path, text);
  expect(text).toBe(readFileSync(path, 'utf8'));
}

function compile(change: Partial<RuntimeSpec> = {}, hostFacts: Partial<HostFacts> = {}): Plan {
  const spec: RuntimeSpec = { ...exampleSpec, ...change };
  assertStartable(spec);
  return compilePlan(spec, { ...facts, ...hostFacts });
}

const names = (plan: Plan): OperationName[] => plan.steps.map(({ operation }) => operation);
const withMount = (mount: Mount): Plan => compile({ mounts: [mount] });

test("compilePlan turns runc's example into the plan of testdata/example.plan", () => {
  expectGolden('example.plan', describePlan(compile(), []));
});

test('compileExecPlan turns a process into the plan of testdata/exec.plan', () => {
  const plan = compileExecPlan(
    { user: { uid: 1000, gid: 1000 }, args: ['/bin/true'], cwd: '/', noNewPrivileges: true },
    { ...facts, namespaces: [{ type: 'pid' }, { type: 'mount' }], pidfd: 7 },
  );
  expectGolden('exec.plan', describePlan(plan, []));
});

test('compilePlan loads seccomp before privileges go, or with no_new_privs as late as possible', () => {
  const seccomp = { filter: new Uint8Array(8), instructionCount: 1, flags: 0, warnings: [] };
  const order = (noNewPrivileges: boolean): OperationName[] =>
    names(
      compile(
        { process: { ...exampleSpec.process, user: { uid: 0, gid: 0 }, cwd: '/', args: ['sh'], noNewPrivileges } },
        { seccomp },
      ),
    ).filter((name) => name === 'seccomp' || name === 'user');
  expect(order(false)).toEqual(['seccomp', 'user']);
  expect(order(true)).toEqual(['user', 'seccomp']);
});

test('compilePlan waits for the runtime only if there are hooks for it to run', () => {
  expect(names(compile())).not.toContain('sync');
  const plan = compile({ hooks: { createRuntime: [{ path: '/h' }], createContainer: [{ path: '/c', timeout: 2 }] } });
  const hook = plan.steps.find(({ operation }) => operation === 'hook');
  expect(names(plan).indexOf('sync')).toBeLessThan(names(plan).indexOf('hook'));
  expect(names(plan).indexOf('hook')).toBeLessThan(names(plan).indexOf('pivot'));
  expect(hook?.values).toMatchObject({ path: '/c', argv: ['/c'], timeout_ms: 2000 });
});

test('compilePlan makes a read-only tmpfs read-only after what is mounted in it', () => {
  const plan = compile({
    mounts: [
      { destination: '/dev', type: 'tmpfs', options: ['ro'] },
      { destination: '/dev/shm', type: 'tmpfs' },
    ],
  });
  const remount = plan.steps.findIndex(
    ({ operation, values }) => operation === 'remount' && 'target' in values && values.target === '/dev',
  );
  expect(remount).toBeGreaterThan(names(plan).lastIndexOf('mount_fs'));
  expect(remount).toBeLessThan(names(plan).indexOf('pivot'));
});

test('compilePlan leaves a bound /dev alone', () => {
  const plan = withMount({ destination: '/dev', type: 'bind', source: '/dev', options: ['rbind'] });
  expect(names(plan)).not.toContain('device');
  expect(names(plan)).not.toContain('symlink');
});

test('compilePlan refuses what it cannot do and names the field', () => {
  expect(() => withMount({ destination: '/', type: 'tmpfs' })).toThrow('mounts[0]: destination "/"');
  expect(() => withMount({ destination: '/../..', type: 'tmpfs' })).toThrow('mounts[0]: destination "/"');
  expect(() => withMount({ destination: '/a', type: 'bind' })).toThrow('a bind mount needs a source');
  expect(() => compile({ linux: { namespaces: [{ type: 'mount' }, { type: 'user' }] } })).toThrow(
    'linux.namespaces[1]: user namespaces are not supported',
  );
  expect(() => compile({ linux: { namespaces: [] } })).toThrow('would be mounted on the host');
  expect(() => compile({ linux: { ...exampleSpec.linux, sysctl: { 'net/../kernel': '1' } } })).toThrow('not the name');
});
