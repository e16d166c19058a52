/** What every content store has to do (containerd core/content/testsuite), as tests to run against an implementation. */
import { expect, test } from 'bun:test';
import { createHash, randomBytes } from 'node:crypto';
import { failureOf } from '../contract-fixture.ts';
import type { Stores } from '../store-fixture.ts';
import type { ContentStore, ContentWriter } from './content.ts';

export const scope = { namespace: 'testing' };

export const digestOf = (data: Uint8Array): string => `sha256:${createHash('sha256').update(data).digest('hex')}`;

const openOf = (content: ContentStore, ref: string, expected = ''): Promise<ContentWriter> =>
  content.writer(scope, { ref, totalBytes: 0, expected });

export async function addBlob(content: ContentStore, data: Uint8Array, labels = {}): Promise<string> {
  const writer = await openOf(content, `add-${digestOf(data)}`);
  await writer.write(data);
  await writer.commit({ sizeBytes: data.length, expected: digestOf(data), labels });
  return digestOf(data);
}

/** Declares the tests. */
export function contentSuite(stores: () => Stores): void {
  writeTests(() => stores().content);
  resumeTests(() => stores().content);
  readTests(() => stores().content);
  labelTests(() => stores().content);
}

function writeTests(content: () => ContentStore): void {
  test('commit makes a blob of what was written, and the ingest is gone', async () => {
    const data = randomBytes(100_000);
    const writer = await openOf(content(), 'ref');
    await writer.write(data.subarray(0, 60_000));
    expect((await writer.status()).offsetBytes).toBe(60_000);
    await writer.write(data.subarray(60_000));
    expect(await writer.digest()).toBe(digestOf(data));
    expect(await content().listStatuses(scope, [])).toMatchObject([{ ref: 'ref', offsetBytes: 100_000 }]);
    await writer.commit({ sizeBytes: data.length, expected: digestOf(data), labels: { a: 'b' } });
    expect(await content().info(scope, digestOf(data))).toMatchObject({ sizeBytes: 100_000, labels: { a: 'b' } });
    expect(await content().listStatuses(scope, [])).toEqual([]);
    expect(await failureOf(() => content().status(scope, 'ref'))).toMatchObject({ code: 'not_found' });
  });

  test('commit of the wrong digest or size is failed_precondition, names both, and keeps the ingest', async () => {
    const data = Buffer.from('content');
    const wrong = digestOf(Buffer.from('other'));
    for (const [ref, options, text] of [
      ['digest', { sizeBytes: 0, expected: wrong }, `unexpected commit digest ${digestOf(data)}, expected ${wrong}`],
      ['size', { sizeBytes: 9, expected: '' }, '"size" failed size validation: 7 != 9'],
    ] as const) {
      const writer = await openOf(content(), ref);
      await writer.write(data);
      const failure = await failureOf(() => writer.commit({ ...options, labels: {} }));
      expect(failure).toEqual({ code: 'failed_precondition', message: `${text}: failed precondition` });
      expect((await content().status(scope, ref)).offsetBytes).toBe(7);
    }
    expect(await content().list(scope, [])).toEqual([]);
  });

  test('writer refuses a ref that is open as unavailable, and an expected blob that is there as already_exists', async () => {
    await using writer = await openOf(content(), 'ref');
    const failure = await failureOf(() => openOf(content(), 'ref'));
    expect(failure?.code).toBe('unavailable');
    expect(failure?.message).toMatch(/^ref \S*ref locked for .* \(since .*\): unavailable$/);
    await writer[Symbol.asyncDispose]();
    const digest = await addBlob(content(), Buffer.from('there'));
    expect(await failureOf(() => openOf(content(), 'again', digest))).toEqual({
      code: 'already_exists',
      message: `content ${digest}: already exists`,
    });
    expect(await failureOf(() => openOf(content(), ''))).toMatchObject({ code: 'invalid_argument' });
  });

  test('commit of a blob that came in meanwhile is already_exists, and the ingest is gone', async () => {
    const data = Buffer.from('twice');
    const writer = await openOf(content(), 'slow');
    await writer.write(data);
    await addBlob(content(), data);
    const failure = await failureOf(() => writer.commit({ sizeBytes: 0, expected: '', labels: {} }));
    expect(failure?.code).toBe('already_exists');
    expect(await content().listStatuses(scope, [])).toEqual([]);
  });
}

function resumeTests(content: () => ContentStore): void {
  test('writer goes on where a closed one stood, and commits the whole', async () => {
    const data = randomBytes(3_000_000);
    await using first = await content().writer(scope, { ref: 'ref', totalBytes: data.length, expected: '' });
    await first.write(data.subarray(0, 1_234_567));
    await first[Symbol.asyncDispose]();
    const second = await content().writer(scope, { ref: 'ref', totalBytes: data.length, expected: '' });
    expect((await second.status()).offsetBytes).toBe(1_234_567);
    expect(await second.digest()).toBe(digestOf(data.subarray(0, 1_234_567)));
    await second.write(data.subarray(1_234_567));
    await second.commit({ sizeBytes: data.length, expected: digestOf(data), labels: {} });
    expect((await content().info(scope, digestOf(data))).sizeBytes).toBe(data.length);
  });

  test('truncate starts over', async () => {
    const writer = await openOf(content(), 'ref');
    await writer.write(Buffer.from('first thoughts'));
    await writer.truncate();
    await writer.write(Buffer.from('second'));
    await writer.commit({ sizeBytes: 6, expected: digestOf(Buffer.from('second')), labels: {} });
    expect((await content().list(scope, [])).length).toBe(1);
  });

  test('abort drops an ingest, once', async () => {
    const writer = await openOf(content(), 'ref');
    await writer.write(Buffer.from('x'));
    await writer[Symbol.asyncDispose]();
    await content().abort(scope, 'ref');
    expect(await content().listStatuses(scope, [])).toEqual([]);
    expect(await failureOf(() => content().abort(scope, 'ref'))).toEqual({
      code: 'not_found',
      message: 'reference ref: not found',
    });
    await using again = await openOf(content(), 'ref');
    expect((await again.status()).offsetBytes).toBe(0);
  });

  test('listStatuses takes filters on the ref', async () => {
    for (const ref of ['layer-1', 'layer-2', 'config']) {
      const writer = await openOf(content(), ref);
      await writer.write(Buffer.from(ref));
      await writer[Symbol.asyncDispose]();
    }
    const refs = (await content().listStatuses(scope, ['ref~=/^layer/'])).map(({ ref }) => ref);
    expect(refs).toEqual(['layer-1', 'layer-2']);
  });
}

function readTests(content: () => ContentStore): void {
  test('reader gives any range of a blob', async () => {
    const data = randomBytes(2_500_000);
    const digest = await addBlob(content(), data);
    await using reader = await content().reader(scope, digest);
    expect(reader.sizeBytes).toBe(data.length);
    expect(Buffer.from(await reader.read(0, data.length)).equals(data)).toBe(true);
    expect(Buffer.from(await reader.read(1_000_001, 77)).equals(data.subarray(1_000_001, 1_000_078))).toBe(true);
    expect((await reader.read(data.length - 5, 100)).length).toBe(5);
  });

  test('reader and info know only what the namespace has', async () => {
    const digest = await addBlob(content(), Buffer.from('mine'));
    const other = { namespace: 'other' };
    for (const attempt of [() => content().info(other, digest), () => content().reader(other, digest)]) {
      expect(await failureOf(attempt)).toEqual({ code: 'not_found', message: `content digest ${digest}: not found` });
    }
  });

  test('writer takes a blob over from another namespace without its bytes', async () => {
    const data = randomBytes(5000);
    const digest = await addBlob(content(), data);
    const other = { namespace: 'other' };
    const writer = await content().writer(other, { ref: 'ref', totalBytes: data.length, expected: digest });
    expect((await writer.status()).offsetBytes).toBe(data.length);
    await writer.commit({ sizeBytes: data.length, expected: digest, labels: {} });
    await content().delete(scope, digest);
    await using reader = await content().reader(other, digest);
    expect(Buffer.from(await reader.read(0, data.length)).equals(data)).toBe(true);
  });
}

function labelTests(content: () => ContentStore): void {
  test('update sets the labels that the field paths name', async () => {
    const digest = await addBlob(content(), Buffer.from('x'), { a: '1', b: '2' });
    const one = await content().update(scope, digest, { a: 'new', c: 'left out' }, ['labels.a']);
    expect(one.labels).toEqual({ a: 'new', b: '2' });
    expect(one.updatedNs > one.createdNs).toBe(true);
    expect((await content().update(scope, digest, { only: 'this' }, [])).labels).toEqual({ only: 'this' });
    const failure = await failureOf(() => content().update(scope, digest, {}, ['size']));
    expect(failure).toEqual({
      code: 'invalid_argument',
      message: `cannot update "size" field on content info "${digest}": invalid argument`,
    });
    const long = await failureOf(() => content().update(scope, digest, { k: 'v'.repeat(4096) }, []));
    expect(long?.message).toStartWith('info.Labels: label key and value length (4097 bytes) greater than maximum size');
  });

  test('list filters by label and digest, and delete takes away', async () => {
    const a = await addBlob(content(), Buffer.from('a'), { 'com.example/kind': 'layer' });
    await addBlob(content(), Buffer.from('b'));
    const found = await content().list(scope, ['labels."com.example/kind"==layer']);
    expect(found.map(({ digest }) => digest)).toEqual([a]);
    await content().delete(scope, a);
    expect(await failureOf(() => content().delete(scope, a))).toMatchObject({ code: 'not_found' });
    expect((await content().list(scope, [])).length).toBe(1);
  });
}
