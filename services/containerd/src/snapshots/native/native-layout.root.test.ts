import { expect, test } from 'bun:test';
import { lstatSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { makeDevice, makeNode, S_IFCHR, setTimes } from '@docker-ts/linux/inode';
import { getXattr, setXattr } from '@docker-ts/linux/xattr';
import { Scratch } from '@docker-ts/testkit/scratch';
import { MemoryRecordTable } from '../record-table.ts';
import type { SnapshotRow } from '../snapshot-records.ts';
import { snapshotterSuite } from '../snapshotter-suite.ts';
import { copyTree } from './copy-tree.ts';
import { openNativeSnapshotter } from './native-layout.ts';

snapshotterSuite('native snapshotter', async (root) => {
  const snapshotter = await openNativeSnapshotter({ root, table: new MemoryRecordTable<SnapshotRow>() });
  return { snapshotter, [Symbol.asyncDispose]: () => snapshotter[Symbol.asyncDispose]() };
});

test('copyTree keeps devices, attributes and times to the nanosecond', async () => {
  using scratch = new Scratch('copy-tree');
  const [from, to] = [scratch.join('from'), scratch.join('to')];
  for (const path of [from, to]) mkdirSync(path);
  makeNode(`${from}/null`, S_IFCHR | 0o666, makeDevice(1, 3));
  writeFileSync(`${from}/file`, 'data', { mode: 0o4755 });
  setXattr(`${from}/file`, 'user.note', Buffer.from('hello'));
  setTimes(`${from}/file`, 1_000_000_007n, 2_000_000_009n);
  await copyTree(from, to);
  expect(lstatSync(`${to}/null`, { bigint: true }).rdev).toBe(makeDevice(1, 3));
  expect(readFileSync(`${to}/file`, 'utf8')).toBe('data');
  const stat = lstatSync(`${to}/file`, { bigint: true });
  expect(stat.mtimeNs).toBe(2_000_000_009n);
  expect(Buffer.from(getXattr(`${to}/file`, 'user.note')).toString()).toBe('hello');
});
