import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { codeOf, notFound } from '@docker-ts/base/errors';
import { Scratch } from '@docker-ts/testkit/scratch';
import type { NamespacedRow } from './namespaced-records.ts';
import { NamespacedSnapshots, type SnapshotScope } from './namespaced-snapshots.ts';
import { openOverlaySnapshotter } from './overlayfs/overlay-layout.ts';
import { MemoryRecordTable } from './record-table.ts';
import type { SnapshotRow } from './snapshot-records.ts';
import type { Snapshotter } from './snapshotter.ts';

const scope: SnapshotScope = { namespace: 'n', lease: 'l' };
const unleased: SnapshotScope = { namespace: 'n' };

let scratch: Scratch;
let held: Set<string>;
let told: string[];
let backend: Snapshotter;
let snapshots: NamespacedSnapshots;
const rows = { backend: new MemoryRecordTable<SnapshotRow>(), snapshots: new MemoryRecordTable<NamespacedRow>() };

async function reopen(): Promise<void> {
  backend = await openOverlaySnapshotter({ root: scratch.path, table: rows.backend });
  const key = ({ lease }: SnapshotScope, id: string): string => `${lease ?? '-'} ${id}`;
  snapshots = await NamespacedSnapshots.open({
    name: 'overlayfs',
    backend,
    table: rows.snapshots,
    holds: {
      hold: async (by, _snapshotter, id) => {
        if (by.lease === 'lost') throw notFound('lease does not exist');
        if (by.lease !== undefined) held.add(key(by, id));
      },
      release: async (by, _snapshotter, id) => void held.delete(key(by, id)),
    },
    events: {
      prepared: (_namespace, id) => void told.push(`prepare ${id}`),
      committed: (_namespace, id, name) => void told.push(`commit ${id} ${name}`),
      removed: (_namespace, id) => void told.push(`remove ${id}`),
    },
  });
}

const keys = async (by: SnapshotScope): Promise<string[]> => {
  const found: string[] = [];
  for await (const { name } of snapshots.list(by)) found.push(name);
  return found;
};

beforeEach(async () => {
  scratch = new Scratch('namespaced-snapshots');
  held = new Set();
  told = [];
  rows.backend = new MemoryRecordTable();
  rows.snapshots = new MemoryRecordTable();
  await reopen();
});
afterEach(async () => {
  await snapshots[Symbol.asyncDispose]();
  scratch[Symbol.dispose]();
});

describe('NamespacedSnapshots', () => {
  test('NamespacedSnapshots keeps namespaces apart', async () => {
    const other = { namespace: 'm' };
    await snapshots.prepare(unleased, 'key', '', {});
    await snapshots.prepare(other, 'key', '', {});
    await snapshots.commit(unleased, 'base', 'key', {});
    expect(await keys(unleased)).toEqual(['base']);
    expect(await keys(other)).toEqual(['key']);
    expect(await snapshots.prepare(other, 'x', 'base', {}).catch(codeOf)).toBe('not_found');
  });

  test('NamespacedSnapshots puts new snapshots on the lease, and tells what happens', async () => {
    await snapshots.prepare(scope, 'key', '', {});
    expect([...held]).toEqual(['l key']);
    await snapshots.commit(scope, 'base', 'key', {});
    expect([...held]).toEqual(['l base']);
    await snapshots.view(scope, 'look', 'base', {});
    await snapshots.remove(scope, 'look');
    expect([...held]).toEqual(['l base']);
    expect(told).toEqual(['prepare key', 'commit key base', 'remove look']);
  });

  test('NamespacedSnapshots makes nothing on a lease that is gone', async () => {
    expect(await snapshots.prepare({ namespace: 'n', lease: 'lost' }, 'key', '', {}).catch(codeOf)).toBe('not_found');
    expect(await keys(unleased)).toEqual([]);
    expect(await backend.list()).toEqual([]);
  });

  test('NamespacedSnapshots finds the target of an extraction and puts it on the lease', async () => {
    await snapshots.prepare(unleased, 'key', '', {});
    await snapshots.commit(unleased, 'chain', 'key', {});
    const again = snapshots.prepare(scope, 'extract', '', { 'containerd.io/snapshot.ref': 'chain' });
    expect(await again.catch(String)).toContain('target snapshot "chain": already exists');
    expect([...held]).toEqual(['l chain']);
  });

  test('NamespacedSnapshots hands down only the labels that are for the snapshotter', async () => {
    await snapshots.prepare(unleased, 'key', '', { mine: '1', 'containerd.io/snapshot/x': '2' });
    expect((await snapshots.stat(unleased, 'key')).labels).toEqual({ mine: '1', 'containerd.io/snapshot/x': '2' });
    expect((await backend.list())[0]?.labels).toEqual({ 'containerd.io/snapshot/x': '2' });
    expect(await snapshots.prepare(unleased, 'k', '', { big: 'x'.repeat(5000) }).catch(codeOf)).toBe(
      'invalid_argument',
    );
  });

  test('NamespacedSnapshots survives a restart, and a crash between its two writes', async () => {
    await snapshots.prepare(unleased, 'kept', '', { mine: '1' });
    await snapshots.prepare(unleased, 'lost', '', {});
    await backend.prepare('n/orphan', '', {});
    await backend.commit('n/orphan-base', 'n/orphan', {});
    await backend.prepare('n/orphan-child', 'n/orphan-base', {});
    const lost = (await backend.list()).find(({ name }) => name.endsWith('/lost'));
    await backend.remove(lost?.name ?? '');
    await reopen();
    expect(await keys(unleased)).toEqual(['kept']);
    expect((await snapshots.stat(unleased, 'kept')).labels).toEqual({ mine: '1' });
    expect(await backend.list()).toHaveLength(1);
    await snapshots.prepare(unleased, 'lost', '', {});
  });

  test('NamespacedSnapshots discards garbage: hidden at once, children before parents', async () => {
    await snapshots.prepare(unleased, 'a', '', {});
    await snapshots.commit(unleased, 'base', 'a', {});
    await snapshots.prepare(unleased, 'child', 'base', {});
    await snapshots.prepare(unleased, 'other', '', {});
    const garbage = ['base', 'child'].map((key) => ({ namespace: 'n', key }));
    const discarded = snapshots.discard(garbage);
    expect([...snapshots.records()].map(({ key }) => key)).toEqual(['other']);
    // the key is free while its files are still on their way out
    await snapshots.prepare(unleased, 'child', '', {});
    await discarded;
    expect(told.slice(-3)).toContain('remove base');
    await reopen();
    expect(await keys(unleased)).toEqual(['child', 'other']);
    expect(await backend.list()).toHaveLength(2);
  });

  test('NamespacedSnapshots shows again what it could not discard', async () => {
    await snapshots.prepare(unleased, 'a', '', {});
    await snapshots.commit(unleased, 'base', 'a', {});
    await snapshots.prepare(unleased, 'child', 'base', {});
    expect(await snapshots.discard([{ namespace: 'n', key: 'base' }]).catch(codeOf)).toBe('failed_precondition');
    expect(await keys(unleased)).toEqual(['base', 'child']);
  });

  test('NamespacedSnapshots makes a key once, however many ask at once', async () => {
    const attempts = Array.from({ length: 8 }, () => snapshots.prepare(unleased, 'key', '', {}).catch(codeOf));
    const outcomes = await Promise.all(attempts);
    expect(outcomes.filter((outcome) => outcome === 'already_exists')).toHaveLength(7);
    expect(await backend.list()).toHaveLength(1);
  });
});
