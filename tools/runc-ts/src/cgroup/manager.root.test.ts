/** Cgroups of this very host, whichever layout it has. Every test makes its own and removes it. */
import { afterEach, expect, test } from 'bun:test';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { CgroupManager } from './manager.ts';
import { openCgroup, restoreCgroup } from './open.ts';
import { removeCgroup } from './removal.ts';

let count = 0;
const opened: CgroupManager[] = [];

function open(cgroupsPath?: string): CgroupManager {
  const containerId = `docker-ts-test-${process.pid}-${count++}`;
  const cgroup = openCgroup(cgroupsPath === undefined ? { containerId } : { containerId, cgroupsPath });
  opened.push(cgroup);
  return cgroup;
}

afterEach(() => {
  for (const cgroup of opened.splice(0)) {
    cgroup.destroy();
    for (const directory of Object.values(cgroup.paths)) expect(existsSync(directory)).toBe(false);
  }
});

/** A shell that joins the cgroup and then runs `script`; ready as soon as it says so. */
async function runInside(cgroup: CgroupManager, script: string): Promise<ChildProcess> {
  const joins = cgroup.procsFiles().map((file) => `echo $$ > ${file}`);
  const child = spawn('/bin/sh', ['-ec', [...joins, 'echo ready', script].join('\n')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout ?? child, 'data');
  return child;
}

test('openCgroup touches nothing before create, and create may be repeated', () => {
  const cgroup = open();
  expect(cgroup.exists()).toBe(false);
  cgroup.create();
  cgroup.create();
  expect(cgroup.exists()).toBe(true);
  for (const file of cgroup.procsFiles()) expect(existsSync(file)).toBe(true);
});

test('set writes limits that the kernel then shows', () => {
  const cgroup = open();
  cgroup.create();
  cgroup.set({ memory: { limit: 64 * 1024 * 1024 }, pids: { limit: 7 }, cpu: { shares: 512, cpus: '0' } });
  const directory = (controller: string): string => cgroup.paths[controller] ?? cgroup.paths[''] ?? '';
  const read = (controller: string, name: string): string =>
    readFileSync(join(directory(controller), name), 'utf8').trim();
  expect(read('pids', 'pids.max')).toBe('7');
  expect(read('cpuset', 'cpuset.cpus')).toBe('0');
  expect(read('memory', cgroup.mode === 'v2' ? 'memory.max' : 'memory.limit_in_bytes')).toBe('67108864');
});

test('set refuses values that the kernel refuses, and names them', () => {
  const cgroup = open();
  cgroup.create();
  expect(() => cgroup.set({ cpu: { cpus: '4000' } })).toThrow(
    /linux\.resources\.cpu\.cpus: write "4000" to .*cpuset\.cpus: /,
  );
});

test('set confines devices: /dev/null is open, /dev/kmsg is not', async () => {
  const cgroup = open();
  cgroup.create();
  cgroup.set({ devices: [{ allow: false, access: 'rwm' }] });
  const child = await runInside(cgroup, ': > /dev/null && ! head -c 1 /dev/kmsg 2>/dev/null');
  const [code] = (await once(child, 'exit')) as [number | null];
  expect(code).toBe(0);
});

test('set of a restored cgroup leaves devices alone', () => {
  const cgroup = open();
  cgroup.create();
  cgroup.set({});
  expect(restoreCgroup(cgroup.paths).plan({ devices: [{ allow: true, access: 'rwm' }] })).toEqual([]);
});

test('freeze stops the processes of the cgroup, thaw lets them go on', async () => {
  const cgroup = open();
  cgroup.create();
  const child = await runInside(cgroup, 'while :; do :; done');
  expect(cgroup.pids(true)).toContain(child.pid ?? 0);
  cgroup.freeze();
  expect(restoreCgroup(cgroup.paths).freezerState()).toBe('FROZEN');
  const stats = (): bigint => {
    const { version, metrics } = cgroup.stats();
    return version === 1 ? (metrics.cpu?.usage.total ?? 0n) : (metrics.cpu?.usageUsec ?? 0n);
  };
  const before = stats();
  await Bun.sleep(30);
  expect(stats()).toBe(before);
  cgroup.thaw();
  expect(cgroup.freezerState()).toBe('THAWED');
  cgroup.killAll(9);
  await once(child, 'exit');
});

test('killAll reaches frozen processes', async () => {
  const cgroup = open();
  cgroup.create();
  const child = await runInside(cgroup, 'while :; do sleep 1; done');
  cgroup.freeze();
  cgroup.killAll(9);
  const [, signal] = (await once(child, 'exit')) as [unknown, string];
  expect(signal).toBe('SIGKILL');
});

test('destroy kills what is left, also in cgroups below, and may be repeated', async () => {
  const cgroup = open();
  cgroup.create();
  const below = Object.values(cgroup.paths).map((directory) => join(directory, 'below'));
  const child = await runInside(
    cgroup,
    `${cgroup.mode === 'v2' ? '' : `mkdir ${below.join(' ')}`}\nwhile :; do sleep 1; done`,
  );
  cgroup.destroy();
  const [, signal] = (await once(child, 'exit')) as [unknown, string];
  expect(signal).toBe('SIGKILL');
  cgroup.destroy();
  expect(cgroup.pids(true)).toEqual([]);
});

test('create refuses a cgroup in which something runs, and destroy then leaves it alone', async () => {
  const first = open();
  first.create();
  const child = await runInside(first, 'while :; do sleep 1; done');
  const containerId = basename(Object.values(first.paths)[0] ?? '');
  const second = openCgroup({ containerId });
  expect(() => second.create()).toThrow("container's cgroup is not empty: ");
  second.destroy();
  expect(child.exitCode).toBeNull();
  first.freeze();
  first.killAll(9);
  await once(child, 'exit');
});

test('create gives a new cpuset the CPUs and nodes of its parents, at every level', () => {
  const cgroup = open(`/docker-ts-test-${process.pid}/a/b`);
  cgroup.create();
  const file = join(cgroup.paths.cpuset ?? cgroup.paths[''] ?? '', 'cgroup.procs');
  expect(() => writeFileSync(file, '')).not.toThrow();
  if (cgroup.paths.cpuset !== undefined)
    expect(readFileSync(join(cgroup.paths.cpuset, 'cpuset.mems'), 'utf8').trim()).not.toBe('');
  cgroup.destroy();
  // destroy leaves the parents, which may be others' as well.
  for (const directory of Object.values(cgroup.paths)) removeCgroup(join(directory, '..', '..'));
});
