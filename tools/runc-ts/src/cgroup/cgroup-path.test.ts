import { expect, test } from 'bun:test';
import { parseCgroupHierarchies, parseCgroupMembership } from '@docker-ts/linux/cgroup-hierarchies';
import { v1Paths, v2Path } from './cgroup-path.ts';

const hybrid = parseCgroupHierarchies(
  `31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
36 31 0:33 / /sys/fs/cgroup/devices rw,relatime - cgroup cgroup rw,devices
40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,name=systemd
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw`,
);
const own = parseCgroupMembership('4:memory:/box/7\n2:cpu,cpuacct:/\n5:devices:/\n9:name=systemd:/user\n0::/\n');

test('v1Paths puts an absolute path below the mount points', () => {
  expect(v1Paths('/docker/abc', 'id', hybrid, own)).toEqual({
    devices: '/sys/fs/cgroup/devices/docker/abc',
    memory: '/sys/fs/cgroup/memory/docker/abc',
    cpu: '/sys/fs/cgroup/cpu,cpuacct/docker/abc',
    cpuacct: '/sys/fs/cgroup/cpu,cpuacct/docker/abc',
    'name=systemd': '/sys/fs/cgroup/systemd/docker/abc',
    '': '/sys/fs/cgroup/unified/docker/abc',
  });
});

test('v1Paths puts a relative path, or the id, below the cgroup of the runtime itself', () => {
  expect(v1Paths(undefined, 'id', hybrid, own)).toMatchObject({
    memory: '/sys/fs/cgroup/memory/box/7/id',
    devices: '/sys/fs/cgroup/devices/id',
    'name=systemd': '/sys/fs/cgroup/systemd/user/id',
    '': '/sys/fs/cgroup/unified/id',
  });
  expect(v1Paths('pod/x', 'id', hybrid, own).memory).toBe('/sys/fs/cgroup/memory/box/7/pod/x');
});

test('v1Paths lets no path climb above where it starts', () => {
  expect(v1Paths('../../../etc', 'id', hybrid, own).memory).toBe('/sys/fs/cgroup/memory/box/7/etc');
  expect(v1Paths('/../../etc', 'id', hybrid, own).memory).toBe('/sys/fs/cgroup/memory/etc');
});

test('v1Paths knows a mount that shows a part of the hierarchy only, as containers have it', () => {
  const nested = parseCgroupHierarchies('36 31 0:33 /docker/box /sys/fs/cgroup/devices rw - cgroup cgroup rw,devices');
  const member = parseCgroupMembership('5:devices:/docker/box/init\n');
  expect(v1Paths('', 'id', nested, member)).toEqual({ devices: '/sys/fs/cgroup/devices/init/id' });
});

test('v1Paths refuses a host where nothing would confine devices', () => {
  const without = parseCgroupHierarchies('35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory');
  expect(() => v1Paths('', 'id', without, own)).toThrow('the devices controller is not mounted');
});

test('v2Path starts at the mount point, or beside the runtime itself', () => {
  const session = parseCgroupMembership('0::/user.slice/session-1.scope\n');
  expect(v2Path('/docker/abc', 'id', session)).toBe('/sys/fs/cgroup/docker/abc');
  expect(v2Path(undefined, 'id', session)).toBe('/sys/fs/cgroup/user.slice/id');
  expect(v2Path('a/b', 'id', parseCgroupMembership('0::/\n'))).toBe('/sys/fs/cgroup/a/b');
  expect(v2Path('/../../x', 'id', session)).toBe('/sys/fs/cgroup/x');
});

test.each(['/', '/../..', '.', 'a/..'])('v1Paths and v2Path refuse "%s", the root cgroup', (path) => {
  expect(() => v1Paths(path, 'id', hybrid, own)).toThrow('it is the root cgroup');
  expect(() => v2Path(path, 'id', own)).toThrow('it is the root cgroup');
});
