import { expect, test } from 'bun:test';
import { MS } from '@docker-ts/linux/mount';
import { MOUNT_ATTR, parseMountOptions } from './mount-options.ts';

test('parseMountOptions sorts flags, propagation and data apart', () => {
  const options = parseMountOptions(
    ['rbind', 'ro', 'nosuid', 'rprivate', 'size=64k,mode=755', 'defaults'],
    'mounts[0]',
  );
  expect(options.bind).toBe(true);
  expect(options.recursive).toBe(true);
  expect(options.set).toBe(MOUNT_ATTR.RDONLY | MOUNT_ATTR.NOSUID);
  expect(options.propagation).toBe(MS.PRIVATE);
  expect(options.propagationRecursive).toBe(true);
  expect(options.data).toEqual(['size=64k', 'mode=755']);
});

test('parseMountOptions lets a later word overrule an earlier one', () => {
  expect(parseMountOptions(['ro', 'rw'], 'm')).toMatchObject({ set: 0n, clear: MOUNT_ATTR.RDONLY });
  expect(parseMountOptions(['rw', 'ro'], 'm')).toMatchObject({ set: MOUNT_ATTR.RDONLY, clear: 0n });
});

test('parseMountOptions tells recursive attributes from the recursive bind and from propagation', () => {
  const options = parseMountOptions(['rro', 'rnosuid', 'rslave'], 'm');
  expect(options.recursiveSet).toBe(MOUNT_ATTR.RDONLY | MOUNT_ATTR.NOSUID);
  expect(options.set).toBe(0n);
  expect(options.propagation).toBe(MS.SLAVE);
});

test('parseMountOptions keeps the access time field consistent', () => {
  // both bits at once would be refused by mount_setattr(2)
  expect(parseMountOptions(['noatime', 'strictatime'], 'm').set).toBe(MOUNT_ATTR.STRICTATIME);
  expect(parseMountOptions(['noatime', 'relatime'], 'm')).toMatchObject({ set: 0n, clear: MOUNT_ATTR.ATIME });
});

test('parseMountOptions refuses what it cannot do', () => {
  expect(() => parseMountOptions(['tmpcopyup'], 'mounts[3]')).toThrow('mounts[3]: option "tmpcopyup" is not supported');
  expect(() => parseMountOptions(['idmap'], 'mounts[3]')).toThrow('not supported');
});
