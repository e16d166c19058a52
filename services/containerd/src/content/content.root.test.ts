/** A full disk, made with a small tmpfs. */
import { expect, test } from 'bun:test';
import { mkdirSync } from 'node:fs';
import { mount, MS, unmountAll } from '@docker-ts/linux/mount';
import { Scratch } from '@docker-ts/testkit/scratch';
import { failureOf } from '../contract-fixture.ts';
import { StoreFixture } from '../store-fixture.ts';
import { addBlob, digestOf, scope } from './content-suite.ts';

test('write on a full disk is resource_exhausted, and the ingest goes on once there is space', async () => {
  using scratch = new Scratch('full');
  const root = scratch.join('root');
  mkdirSync(`${root}/content`, { recursive: true });
  mount('tmpfs', `${root}/content`, 'tmpfs', MS.NOSUID, 'size=1m');
  try {
    await using fixture = await StoreFixture.open(root);
    const { content } = fixture.stores;
    const ballast = await addBlob(content, Buffer.alloc(600_000, 'b'));
    const data = Buffer.alloc(700_000, 'd');
    const writer = await content.writer(scope, { ref: 'ref', totalBytes: 0, expected: '' });
    const failure = await failureOf(() => writer.write(data));
    expect(failure).toEqual({
      code: 'resource_exhausted',
      message: expect.stringMatching(/^cannot write ingest ".*ref": no space left on device$/),
    });
    await writer[Symbol.asyncDispose]();
    await content.delete(scope, ballast);
    await fixture.collector.collect();
    await using again = await content.writer(scope, { ref: 'ref', totalBytes: 0, expected: '' });
    const { offsetBytes } = await again.status();
    expect(await again.digest()).toBe(digestOf(data.subarray(0, offsetBytes)));
    await again.write(data.subarray(offsetBytes));
    await again.commit({ sizeBytes: data.length, expected: digestOf(data), labels: {} });
  } finally {
    unmountAll(`${root}/content`);
  }
});

test('update of the metadata on a full disk is resource_exhausted, changes nothing, and works again once there is space', async () => {
  using scratch = new Scratch('full');
  const root = scratch.join('root');
  mkdirSync(`${root}/metadata`, { recursive: true });
  mount('tmpfs', `${root}/metadata`, 'tmpfs', MS.NOSUID, 'size=512k');
  try {
    {
      await using fixture = await StoreFixture.open(root);
      const { leases } = fixture.stores;
      const labels = { a: 'x'.repeat(4000) };
      let created = 0;
      const failure = await failureOf(async () => {
        for (; created < 1000; created += 1) await leases.create(scope, `l${created}`, labels);
      });
      expect(failure?.code).toBe('resource_exhausted');
      expect((await leases.list(scope, [])).length).toBe(created);
      mount('tmpfs', `${root}/metadata`, 'tmpfs', MS.REMOUNT | MS.NOSUID, 'size=8m');
      await leases.create(scope, 'after', {});
      expect((await leases.list(scope, [])).length).toBe(created + 1);
    }
    await using again = await StoreFixture.open(root);
    expect((await again.stores.leases.list(scope, ['id==after'])).length).toBe(1);
    expect((await again.stores.leases.list(scope, ['id==l0'])).length).toBe(1);
  } finally {
    unmountAll(`${root}/metadata`);
  }
});
