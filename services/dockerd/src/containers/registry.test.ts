import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ContainerStore } from '../store/container-store.ts';
import { makeRecord } from './record-sample.ts';
import { ContainerRegistry, parseContainerName } from './registry.ts';

let folder: string;
let store: ContainerStore;
let registry: ContainerRegistry;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'registry-'));
  store = await ContainerStore.open(folder);
  registry = new ContainerRegistry(store);
});

afterEach(async () => {
  await store[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

const id = (digit: string): string => digit.repeat(64);

describe('parseContainerName', () => {
  test('parseContainerName takes a leading slash off and refuses other characters', () => {
    expect(parseContainerName('/web-1_a.b')).toBe('web-1_a.b');
    for (const name of ['b@d', '', 'a', '-x', 'a b', 'ä1'])
      expect(() => parseContainerName(name)).toThrow(`Invalid container name (${name}), only`);
  });
});

describe('ContainerRegistry', () => {
  test('ContainerRegistry finds by id, unique prefix and name', async () => {
    const container = await registry.add(makeRecord({ id: id('a'), name: 'web' }));
    await registry.add(makeRecord({ id: `${'a'.repeat(10)}${'b'.repeat(54)}`, name: 'db' }));
    for (const reference of [id('a'), 'a'.repeat(11), 'web', '/web']) expect(registry.get(reference)).toBe(container);
    expect(() => registry.get('aaa')).toThrow('multiple IDs found with provided prefix: aaa');
    expect(() => registry.get('nothing')).toThrow('No such container: nothing');
  });

  test('ContainerRegistry gives a name to one container at a time', async () => {
    expect(registry.reserveName('web', id('a'))).toBe('web');
    expect(() => registry.reserveName('web', id('b'))).toThrow(
      `Conflict. The container name "/web" is already in use by container "${id('a')}". You have to remove (or rename)`,
    );
    registry.releaseName('web');
    expect(registry.reserveName('web', id('b'))).toBe('web');
    expect(registry.reserveName(undefined, id('c'))).toMatch(/^[a-z]+_[a-z]+\d*$/);
  });

  test('ContainerRegistry comes back from disk as it was, renamed and removed ones included', async () => {
    const kept = await registry.add(makeRecord({ id: id('a'), name: 'old' }));
    const gone = await registry.add(makeRecord({ id: id('b'), name: 'gone' }));
    registry.rename(kept, 'new');
    await registry.save(kept);
    await registry.remove(gone);
    const again = new ContainerRegistry(store);
    await again.load();
    expect(again.all().map(({ record }) => record)).toEqual([kept.record]);
    expect(again.find('new')?.id).toBe(id('a'));
    expect(again.find('gone')).toBeUndefined();
  });
});

describe('ContainerRegistry writes', () => {
  const onDisk = async () => new Map((await store.loadAll()).map((record) => [record.id, record]));

  test('ContainerRegistry writes the last state whatever is saved side by side', async () => {
    const container = await registry.add(makeRecord({ id: id('a'), name: 'web' }));
    const saves: Promise<void>[] = [];
    for (let count = 1; count <= 200; count += 1) {
      container.patch({ restartCount: count });
      saves.push(registry.save(container));
    }
    await Promise.all(saves);
    expect((await onDisk()).get(id('a'))?.restartCount).toBe(200);
  });

  test('ContainerRegistry does not take back an end that memory has yet to show', async () => {
    const running = { ...makeRecord().state, status: 'running' as const, pid: 7 };
    const container = await registry.add(makeRecord({ id: id('a'), name: 'web', state: running }));
    container.foresee({ state: { ...running, status: 'exited', pid: 0, exitCode: 137 } });
    await registry.save(container);
    // the event of an out-of-memory kill, in the middle of the exit
    container.patchState({ oomKilled: true });
    await registry.save(container);
    expect(container.isRunning).toBe(true);
    const expected = { status: 'exited', exitCode: 137, oomKilled: true };
    expect((await onDisk()).get(id('a'))?.state).toMatchObject(expected);
    container.show();
    expect(container.state).toMatchObject(expected);
  });

  test('ContainerRegistry does not bring a removed container back by a late save', async () => {
    const container = await registry.add(makeRecord({ id: id('a'), name: 'web' }));
    await Promise.all([registry.remove(container), registry.save(container)]);
    await registry.save(container);
    expect((await onDisk()).has(id('a'))).toBe(false);
  });
});

describe('ContainerStore', () => {
  test('ContainerStore keeps a second daemon off the data root', () => {
    expect(ContainerStore.open(folder)).rejects.toThrow(`cannot use data root "${folder}": another daemon uses it`);
  });
});
