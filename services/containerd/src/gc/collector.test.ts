import { expect, test } from 'bun:test';
import * as fc from 'fast-check';
import { Scratch } from '@docker-ts/testkit/scratch';
import { addBlob } from '../content/content-suite.ts';
import { StoreFixture } from '../store-fixture.ts';

const namespace = 'testing';
const scope = { namespace };

async function withFixture(body: (fixture: StoreFixture) => Promise<void>): Promise<void> {
  using scratch = new Scratch('gc');
  await using fixture = await StoreFixture.open(scratch.path);
  await body(fixture);
}

const digestsOf = async (fixture: StoreFixture): Promise<string[]> =>
  (await fixture.stores.content.list(scope, [])).map(({ digest }) => digest);

const image = (name: string, digest: string, labels = {}) => ({
  name,
  target: { mediaType: 'm', digest, sizeBytes: 1, annotations: {} },
  labels,
  createdNs: 0n,
  updatedNs: 0n,
});

test('collect keeps what an image refers to through labels, and takes it with the image', () =>
  withFixture(async (fixture) => {
    const { content, images } = fixture.stores;
    const layer = await addBlob(content, Buffer.from('layer'), { 'containerd.io/gc.ref.snapshot.overlayfs': 'top' });
    const manifest = await addBlob(content, Buffer.from('manifest'), { 'containerd.io/gc.ref.content.l.0': layer });
    await addBlob(content, Buffer.from('garbage'));
    fixture.snapshots.add({ namespace, key: 'base', parent: '', labels: {} });
    fixture.snapshots.add({ namespace, key: 'top', parent: 'base', labels: {} });
    fixture.snapshots.add({ namespace, key: 'unused', parent: 'base', labels: {} });
    await images.create(scope, image('a', manifest));
    await fixture.collector.collect();
    expect(await digestsOf(fixture)).toEqual([layer, manifest].sort());
    expect([...fixture.snapshots.all.keys()]).toEqual([`${namespace}/base`, `${namespace}/top`]);
    await images.delete(scope, 'a');
    await fixture.collector.collect();
    expect(await digestsOf(fixture)).toEqual([]);
    expect(fixture.snapshots.all.size).toBe(0);
  }));

test('collect keeps what a lease holds, in full or flat, until the lease ends', () =>
  withFixture(async (fixture) => {
    const { content, leases } = fixture.stores;
    const child = await addBlob(content, Buffer.from('child'));
    const parent = await addBlob(content, Buffer.from('parent'), { 'containerd.io/gc.ref.content.0': child });
    const soon = new Date(Date.now() + 60_000).toISOString();
    await leases.create(scope, 'full', { 'containerd.io/gc.expire': soon });
    await leases.create(scope, 'flat', { 'containerd.io/gc.flat': '' });
    for (const lease of ['full', 'flat']) await leases.addResource(scope, lease, { type: 'content', id: parent });
    await fixture.collector.collect();
    expect((await digestsOf(fixture)).length).toBe(2);
    await leases.delete(scope, 'full');
    await fixture.collector.collect();
    expect(await digestsOf(fixture)).toEqual([parent]);
    await leases.delete(scope, 'flat');
    await fixture.collector.collect();
    expect(await digestsOf(fixture)).toEqual([]);
  }));

test('collect takes leases and images that have expired, and tells of the images', () =>
  withFixture(async (fixture) => {
    const { content, images, leases } = fixture.stores;
    const past = { 'containerd.io/gc.expire': '2020-01-01T00:00:00Z' };
    const digest = await addBlob(content, Buffer.from('x'));
    await leases.create(scope, 'old', past);
    await leases.addResource(scope, 'old', { type: 'content', id: digest });
    await leases.create(scope, 'unreadable', { 'containerd.io/gc.expire': 'tomorrow' });
    await images.create(scope, image('old', digest, past));
    await fixture.collector.collect();
    expect((await leases.list(scope, [])).map(({ id }) => id)).toEqual(['unreadable']);
    expect(await images.list(scope, [])).toEqual([]);
    expect(await digestsOf(fixture)).toEqual([]);
    expect(fixture.events.at(-1)).toBe(`${namespace} /images/delete`);
  }));

test('collect keeps containers’ snapshots, labelled roots, ingests, and what says that it belongs to them', () =>
  withFixture(async (fixture) => {
    const { content, containers } = fixture.stores;
    await containers.create(scope, {
      id: 'c',
      labels: {},
      image: '',
      runtime: { name: 'r' },
      spec: { typeUrl: 'x', value: new Uint8Array() },
      snapshotter: 'overlayfs',
      snapshotKey: 'rw',
      extensions: {},
      sandbox: '',
      createdNs: 0n,
      updatedNs: 0n,
    });
    fixture.snapshots.add({ namespace, key: 'rw', parent: '', labels: {} });
    fixture.snapshots.add({ namespace, key: 'rooted', parent: '', labels: { 'containerd.io/gc.root': '1' } });
    fixture.snapshots.add({ namespace: 'other', key: 'rw', parent: '', labels: {} });
    const attached = await addBlob(content, Buffer.from('x'), { 'containerd.io/gc.bref.container': 'c' });
    const writer = await content.writer(scope, { ref: 'ref', totalBytes: 0, expected: '' });
    await writer[Symbol.asyncDispose]();
    await fixture.collector.collect();
    expect([...fixture.snapshots.all.keys()]).toEqual([`${namespace}/rw`, `${namespace}/rooted`]);
    expect(await digestsOf(fixture)).toEqual([attached]);
    expect((await content.listStatuses(scope, [])).length).toBe(1);
  }));

test('collect leaves exactly what a plain walk from the roots finds, on any graph', async () => {
  using scratch = new Scratch('gc');
  await using fixture = await StoreFixture.open(scratch.path);
  const size = 8;
  const graph = fc.array(
    fc.record({ root: fc.boolean(), refs: fc.array(fc.nat({ max: size - 1 }), { maxLength: 3 }) }),
    { minLength: size, maxLength: size },
  );
  let round = 0;
  await fc.assert(
    fc.asyncProperty(graph, async (nodes) => {
      round += 1;
      const ns = `round${round}`;
      for (const [index, { root, refs }] of nodes.entries()) {
        const labels: Record<string, string> = root ? { 'containerd.io/gc.root': '' } : {};
        for (const [i, ref] of refs.entries()) labels[`containerd.io/gc.ref.snapshot.overlayfs/${i}`] = String(ref);
        fixture.snapshots.add({ namespace: ns, key: String(index), parent: '', labels });
      }
      const reached = new Set<number>();
      const walk = (index: number): void => {
        if (reached.has(index)) return;
        reached.add(index);
        for (const ref of nodes[index]!.refs) walk(ref);
      };
      for (const [index, { root }] of nodes.entries()) if (root) walk(index);
      await fixture.collector.collect();
      const left = [...fixture.snapshots.all.values()].filter((record) => record.namespace === ns);
      expect(left.map(({ key }) => key).sort()).toEqual([...reached].map(String).sort());
      fixture.snapshots.all.clear();
    }),
    { numRuns: 40 },
  );
});
