import { expect, test } from 'bun:test';
import { parseCgroupHierarchies, parseCgroupMembership } from './cgroup-hierarchies.ts';

test('parseCgroupHierarchies tells the three layouts apart', () => {
  const v1 = '35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory';
  const unified = '41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw,nsdelegate';
  const pure = '26 23 0:23 / /sys/fs/cgroup rw,relatime - cgroup2 cgroup2 rw';
  expect(parseCgroupHierarchies(v1)).toMatchObject({ layout: 'v1' });
  expect(parseCgroupHierarchies(`${v1}\n${unified}`)).toMatchObject({
    layout: 'hybrid',
    unified: { mountPoint: '/sys/fs/cgroup/unified', root: '/' },
  });
  expect(parseCgroupHierarchies(pure)).toMatchObject({ layout: 'v2', v1: new Map() });
});

test('parseCgroupHierarchies takes the first mount of a controller', () => {
  const { v1 } = parseCgroupHierarchies(
    '35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n99 31 0:32 / /mnt/m rw - cgroup cgroup rw,memory',
  );
  expect(v1.get('memory')?.mountPoint).toBe('/sys/fs/cgroup/memory');
  expect(v1.has('rw')).toBe(false);
});

test('parseCgroupMembership reads controllers that share a hierarchy, and paths with colons', () => {
  const membership = parseCgroupMembership('2:cpu,cpuacct:/a\n9:name=systemd:/b:c\n0::/d\n');
  expect(Object.fromEntries(membership)).toEqual({ cpu: '/a', cpuacct: '/a', 'name=systemd': '/b:c', '': '/d' });
});
