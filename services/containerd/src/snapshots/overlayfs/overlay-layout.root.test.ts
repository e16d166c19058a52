import { expect, test } from 'bun:test';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Scratch } from '@docker-ts/testkit/scratch';
import { MemoryRecordTable } from '../record-table.ts';
import type { SnapshotRow } from '../snapshot-records.ts';
import { snapshotterSuite } from '../snapshotter-suite.ts';
import { openOverlaySnapshotter } from './overlay-layout.ts';

const open = async (root: string) => {
  const snapshotter = await openOverlaySnapshotter({ root, table: new MemoryRecordTable<SnapshotRow>() });
  return { snapshotter, [Symbol.asyncDispose]: () => snapshotter[Symbol.asyncDispose]() };
};

snapshotterSuite('overlayfs snapshotter', open);

test('overlayfs snapshotter answers mounts as containerd does', async () => {
  using scratch = new Scratch('overlay-mounts');
  await using opened = await open(scratch.path);
  const { snapshotter } = opened;
  const fs = (id: number): string => scratch.join('snapshots', String(id), 'fs');
  expect(await snapshotter.prepare('a', '', {})).toEqual([
    { type: 'bind', source: fs(1), target: '', options: ['rw', 'rbind'] },
  ]);
  await snapshotter.commit('A', 'a', {});
  expect(await snapshotter.view('v', 'A', {})).toEqual([
    { type: 'bind', source: fs(1), target: '', options: ['ro', 'rbind'] },
  ]);
  const [mount] = await snapshotter.prepare('b', 'A', {});
  const work = scratch.join('snapshots', '3', 'work');
  expect(mount?.options.slice(0, 3)).toEqual([`workdir=${work}`, `upperdir=${fs(3)}`, `lowerdir=${fs(1)}`]);
  await snapshotter.commit('B', 'b', {});
  const [view] = await snapshotter.view('w', 'B', {});
  expect(view?.options[0]).toBe(`lowerdir=${fs(3)}:${fs(1)}`);
});

test('overlayfs snapshotter removes at start what a crash left behind', async () => {
  using scratch = new Scratch('overlay-crash');
  const table = new MemoryRecordTable<SnapshotRow>();
  const first = await openOverlaySnapshotter({ root: scratch.path, table });
  await first.prepare('kept', '', {});
  for (const name of ['new-abcdef', '77', '.gone-5']) mkdirSync(join(scratch.path, 'snapshots', name));
  await using second = await openOverlaySnapshotter({ root: scratch.path, table });
  await second.cleanup();
  expect(readdirSync(scratch.join('snapshots'))).toEqual(['1']);
  await second.prepare('next', '', {});
  expect((await second.list()).map(({ name }) => name)).toEqual(['kept', 'next']);
});
