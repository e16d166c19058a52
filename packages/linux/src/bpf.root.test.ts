import { afterEach, expect, test } from 'bun:test';
import { closeSync, mkdirSync, openSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { loadDeviceFilter, queryDeviceFilters, replaceDeviceFilter } from './bpf.ts';
import { readCgroupHierarchies } from './cgroup-hierarchies.ts';

const mount = readCgroupHierarchies().unified;
const directory = join(mount?.mountPoint ?? '/nowhere', `docker-ts-test-bpf-${process.pid}`);

/** r0 = answer; exit. */
const constantly = (answer: number): Uint8Array =>
  new Uint8Array([0xb7, 0, 0, 0, answer, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0]);

function attachedFilters(): number[] {
  const fd = openSync(directory, 'r');
  try {
    return queryDeviceFilters(fd);
  } finally {
    closeSync(fd);
  }
}

/** True if a process of the cgroup can write to /dev/null. */
function opensDevices(): boolean {
  const script = `echo $$ > ${directory}/cgroup.procs && : > /dev/null`;
  return Bun.spawnSync(['/bin/sh', '-c', script], { stdin: null, stdout: 'pipe', stderr: 'pipe' }).success;
}

afterEach(() => {
  rmdirSync(directory);
});

test.skipIf(mount === undefined)(
  'replaceDeviceFilter confines a cgroup, and leaves one filter however often it is called',
  () => {
    mkdirSync(directory);
    expect(opensDevices()).toBe(true);
    replaceDeviceFilter(directory, constantly(0));
    const [first] = attachedFilters();
    expect(opensDevices()).toBe(false);
    replaceDeviceFilter(directory, constantly(1));
    expect(attachedFilters()).toHaveLength(1);
    expect(attachedFilters()[0]).not.toBe(first);
    expect(opensDevices()).toBe(true);
  },
);

test.skipIf(mount === undefined)('loadDeviceFilter names what the verifier does not take', () => {
  mkdirSync(directory);
  expect(() => loadDeviceFilter(new Uint8Array(8))).toThrow(/load device filter: E(INVAL|ACCES|PERM)/);
});
