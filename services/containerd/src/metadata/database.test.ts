import { expect, test } from 'bun:test';
import { codeOf, messageOf } from '@docker-ts/base/errors';
import { Scratch } from '@docker-ts/testkit/scratch';
import { failureOf } from '../contract-fixture.ts';
import { MetadataDatabase } from './database.ts';
import { type BatchOperation, Journal } from './journal.ts';
import { plainCodec } from './row-codec.ts';
import { Transaction } from './transaction.ts';
import { Table } from './table.ts';

const durable = { durable: true };

test('update is seen at once, lasts, and is kept apart by scope', async () => {
  using scratch = new Scratch('metadata');
  {
    await using database = await MetadataDatabase.open({ path: scratch.join('db') });
    const table = await database.table('rows', plainCodec<number>());
    const written = database.update((transaction) => {
      transaction.put(table, 'a', 'id/with/slashes', 1);
      transaction.put(table, 'b', 'x', 2);
    }, durable);
    expect(table.get('a', 'id/with/slashes')).toBe(1);
    await written;
    await database.update((transaction) => transaction.delete(table, 'b', 'x'), durable);
  }
  await using database = await MetadataDatabase.open({ path: scratch.join('db') });
  const table = await database.table('rows', plainCodec<number>());
  expect(table.list('a')).toEqual([['id/with/slashes', 1]]);
  expect([...table.scopes()]).toEqual(['a']);
});

test('update that throws has changed nothing', async () => {
  using scratch = new Scratch('metadata');
  await using database = await MetadataDatabase.open({ path: scratch.join('db') });
  const table = await database.table('rows', plainCodec<number>());
  await database.update((transaction) => transaction.put(table, 'a', 'x', 1), durable);
  const attempt = database.update((transaction) => {
    transaction.put(table, 'a', 'x', 2);
    transaction.delete(table, 'a', 'x');
    transaction.put(table, 'a', 'y', 3);
    throw new Error('no');
  }, durable);
  expect((await failureOf(() => attempt))?.message).toBe('no');
  expect(table.list('a')).toEqual([['x', 1]]);
});

test('open refuses a second daemon, and a database of a later version', async () => {
  using scratch = new Scratch('metadata');
  const path = scratch.join('db');
  {
    await using database = await MetadataDatabase.open({ path });
    const failure = await failureOf(() => MetadataDatabase.open({ path }));
    expect(failure?.message).toBe(`cannot open metadata "${path}": another daemon is using this root directory`);
    expect(failure?.code).toBe('failed_precondition');
    await database.section('x').batch([{ type: 'put', key: 'k', value: 'v' }], { sync: true });
  }
  {
    const { ClassicLevel } = await import('classic-level');
    await using level = new ClassicLevel(path);
    await level.put('schema', '{"version":99}');
  }
  expect((await failureOf(() => MetadataDatabase.open({ path })))?.message).toContain('it has schema version 99');
});

/** A disk on which batches can be made to fail. */
class FakeDisk {
  readonly batches: { operations: BatchOperation[]; sync: boolean }[] = [];
  reopened = 0;
  failing = false;

  async batch(operations: BatchOperation[], { sync }: { sync: boolean }): Promise<void> {
    await Promise.resolve();
    if (this.failing) throw new Error('IO error: 000003.log: No space left on device');
    this.batches.push({ operations, sync });
  }

  async reopen(): Promise<void> {
    if (this.failing) throw new Error('IO error: MANIFEST: No space left on device');
    this.reopened += 1;
  }
}

function changeOn(journal: Journal, table: Table<number>, id: string, row: number): Promise<void> {
  const transaction = new Transaction();
  transaction.put(table, 's', id, row);
  return journal.append({
    operations: transaction.operations,
    durable: false,
    undo: () => transaction.undo(),
  });
}

test('journal joins what arrives while it writes, in order, durable if one of them is', async () => {
  const disk = new FakeDisk();
  await using journal = new Journal(disk);
  const put = (key: string, isDurable: boolean): Promise<void> =>
    journal.append({ operations: [{ type: 'put', key, value: '' }], durable: isDurable });
  const first = put('a', false);
  await Promise.resolve();
  await Promise.all([first, put('b', false), put('c', true), put('d', false)]);
  const written = disk.batches.map(({ operations, sync }) => [operations.map(({ key }) => key).join(''), sync]);
  expect(written).toEqual([
    ['a', false],
    ['bcd', true],
  ]);
});

test('journal takes a failed change back with all later ones, and repairs the disk before it goes on', async () => {
  const disk = new FakeDisk();
  await using journal = new Journal(disk);
  const table = new Table('t', plainCodec<number>());
  await changeOn(journal, table, 'x', 1);
  disk.failing = true;
  const failures = await Promise.allSettled([changeOn(journal, table, 'x', 2), changeOn(journal, table, 'y', 3)]);
  for (const failure of failures) {
    expect(failure.status === 'rejected' && codeOf(failure.reason)).toBe('resource_exhausted');
    expect(failure.status === 'rejected' && messageOf(failure.reason)).toBe(
      'cannot write metadata: no space left on device',
    );
  }
  expect(table.list('s')).toEqual([['x', 1]]);
  disk.failing = false;
  await changeOn(journal, table, 'z', 4);
  expect(disk.reopened).toBe(1);
  const [repair, change] = disk.batches.slice(-2);
  expect(repair?.operations).toEqual([
    { type: 'del', key: 't/s/y' },
    { type: 'put', key: 't/s/x', value: '1' },
  ]);
  expect(change?.operations).toEqual([{ type: 'put', key: 't/s/z', value: '4' }]);
});
