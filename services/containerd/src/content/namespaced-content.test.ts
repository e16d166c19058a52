import { afterEach, beforeEach, expect, test } from 'bun:test';
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { Scratch } from '@docker-ts/testkit/scratch';
import { failureOf } from '../contract-fixture.ts';
import { StoreFixture } from '../store-fixture.ts';
import { addBlob, digestOf, scope } from './content-suite.ts';

let stack: AsyncDisposableStack;
let scratch: Scratch;
beforeEach(() => {
  stack = new AsyncDisposableStack();
  scratch = stack.use(new Scratch('content'));
});
afterEach(() => stack.disposeAsync());

const other = { namespace: 'other' };

test('a writer of shared bytes that is written to copies them first', async () => {
  const { stores } = stack.use(await StoreFixture.open(scratch.path));
  const digest = await addBlob(stores.content, Buffer.from('shared'));
  const writer = await stores.content.writer(other, { ref: 'ref', totalBytes: 0, expected: digest });
  await writer.write(Buffer.from(' and more'));
  await writer.commit({ sizeBytes: 0, expected: '', labels: {} });
  expect((await stores.content.list(other, [])).map((info) => info.digest)).toEqual([
    digestOf(Buffer.from('shared and more')),
  ]);
});

test('an isolated store wants the bytes from every namespace, unless the one that has them is shareable', async () => {
  const { stores } = stack.use(await StoreFixture.open(scratch.path, 'isolated'));
  const digest = await addBlob(stores.content, Buffer.from('mine'));
  const offsetSeen = async (): Promise<number> => {
    await using writer = await stores.content.writer(other, { ref: 'ref', totalBytes: 0, expected: digest });
    return (await writer.status()).offsetBytes;
  };
  expect(await offsetSeen()).toBe(0);
  await stores.namespaces.update(
    { name: scope.namespace, labels: { 'containerd.io/namespace.shareable': 'true' } },
    [],
  );
  expect(await offsetSeen()).toBe(4);
});

test('blobs lie where containerd has them, read-only', async () => {
  const { stores } = stack.use(await StoreFixture.open(scratch.path));
  const digest = await addBlob(stores.content, Buffer.from('x'));
  const path = scratch.join('content/blobs/sha256', digest.slice('sha256:'.length));
  expect(statSync(path).mode & 0o777).toBe(0o444);
  expect(readdirSync(scratch.join('content/ingest'))).toEqual([]);
});

test('ingests go on after the store was closed and opened again', async () => {
  const data = Buffer.from('first second');
  {
    await using fixture = await StoreFixture.open(scratch.path);
    const wanted = { ref: 'ref', totalBytes: 12, expected: '' };
    // not closed before the store is opened again: as after a kill
    const writer = stack.use(await fixture.stores.content.writer(scope, wanted));
    await writer.write(data.subarray(0, 6));
  }
  const { stores } = stack.use(await StoreFixture.open(scratch.path));
  const writer = await stores.content.writer(scope, { ref: 'ref', totalBytes: 12, expected: '' });
  expect((await writer.status()).offsetBytes).toBe(6);
  await writer.write(data.subarray(6));
  await writer.commit({ sizeBytes: 12, expected: digestOf(data), labels: {} });
  expect((await stores.content.info(scope, digestOf(data))).sizeBytes).toBe(12);
});

test('what a lease holds is added before anybody is told, and taken off by delete', async () => {
  const { stores } = stack.use(await StoreFixture.open(scratch.path));
  const leased = { ...scope, lease: 'l' };
  expect(await failureOf(() => stores.content.writer(leased, { ref: 'r', totalBytes: 0, expected: '' }))).toEqual({
    code: 'not_found',
    message: 'lease does not exist: not found',
  });
  await stores.leases.create(scope, 'l', {});
  const writer = await stores.content.writer(leased, { ref: 'r', totalBytes: 0, expected: '' });
  expect(await stores.leases.listResources(scope, 'l')).toEqual([{ type: 'ingests', id: 'r' }]);
  await writer.write(Buffer.from('x'));
  await writer.commit({ sizeBytes: 0, expected: '', labels: {} });
  const digest = digestOf(Buffer.from('x'));
  expect(await stores.leases.listResources(scope, 'l')).toEqual([{ type: 'content', id: digest }]);
  await stores.content.delete(leased, digest);
  expect(await stores.leases.listResources(scope, 'l')).toEqual([]);
});

test('a sweep removes what no metadata names and leaves the rest', async () => {
  const fixture = stack.use(await StoreFixture.open(scratch.path));
  const digest = await addBlob(fixture.stores.content, Buffer.from('keep'), { 'containerd.io/gc.root': 'x' });
  const writer = stack.use(await fixture.stores.content.writer(scope, { ref: 'open', totalBytes: 0, expected: '' }));
  await writer.write(Buffer.from('x'));
  const orphan = scratch.join('content/blobs/sha256', '0'.repeat(64));
  writeFileSync(orphan, 'left by a crash');
  mkdirSync(scratch.join('content/ingest/neverbegun'));
  await fixture.collector.collect();
  expect(existsSync(orphan)).toBe(false);
  expect(readdirSync(scratch.join('content/ingest')).length).toBe(1);
  expect((await fixture.stores.content.info(scope, digest)).sizeBytes).toBe(4);
  await using reader = await fixture.stores.content.reader(scope, digest);
  expect(Buffer.from(await reader.read(0, 10)).toString()).toBe('keep');
});
