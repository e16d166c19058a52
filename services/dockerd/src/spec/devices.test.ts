import { expect, test } from 'bun:test';
import { deviceNumbers, hostDevices, mappedDevices, parseDeviceRule } from './devices.ts';
import { parseCpuList } from './cpu-list.ts';

test('hostDevices finds the usual nodes and none of what containers get anew', () => {
  const paths = hostDevices().map(({ path }) => path);
  expect(paths).toContain('/dev/null');
  expect(paths.some((path) => path.startsWith('/dev/pts/') || path.startsWith('/dev/shm/'))).toBe(false);
});

test('mappedDevices gives the node its name in the container', () => {
  expect(deviceNumbers('/dev/null')).toEqual({ major: 1, minor: 3 });
  const mapping = { PathOnHost: '/dev/null', PathInContainer: '/dev/x', CgroupPermissions: 'r' };
  expect(mappedDevices(mapping)).toMatchObject([{ path: '/dev/x', type: 'c', major: 1, minor: 3 }]);
  expect(() => mappedDevices({ ...mapping, PathOnHost: '/dev/nosuch' })).toThrow(
    'error gathering device information while adding custom device "/dev/nosuch": no such file or directory',
  );
  expect(() => mappedDevices({ ...mapping, PathOnHost: '/etc/passwd' })).toThrow('not a device node');
});

test('parseDeviceRule reads stars and refuses nonsense', () => {
  expect(parseDeviceRule('c 10:* rw')).toEqual({ allow: true, type: 'c', major: 10, minor: -1, access: 'rw' });
  expect(() => parseDeviceRule('x 1:2 rw')).toThrow(`invalid device cgroup rule format: 'x 1:2 rw'`);
});

test('parseCpuList reads ranges and refuses what is none', () => {
  expect(parseCpuList('0-2,5,1')).toEqual([0, 1, 2, 5]);
  expect([parseCpuList('2-1'), parseCpuList('a'), parseCpuList('0-99999999'), parseCpuList('')]).toEqual([
    undefined,
    undefined,
    undefined,
    [],
  ]);
});
