/** What every container store has to do, as tests to run against an implementation. */
import { expect, test } from 'bun:test';
import { failureOf } from '../contract-fixture.ts';
import type { Stores } from '../store-fixture.ts';
import type { Container } from './container.ts';

const scope = { namespace: 'testing' };

const packed = (text: string) => ({ typeUrl: 'types.example/Text', value: new TextEncoder().encode(text) });

const containerOf = (id: string, changes: Partial<Container> = {}): Container => ({
  id,
  labels: {},
  image: '',
  runtime: { name: 'io.containerd.runc.v2' },
  spec: packed('{}'),
  snapshotter: '',
  snapshotKey: '',
  extensions: {},
  sandbox: '',
  createdNs: 0n,
  updatedNs: 0n,
  ...changes,
});

/** Declares the tests. */
export function containersSuite(stores: () => Stores): void {
  test('create keeps every field, and refuses the id a second time', async () => {
    const wanted = containerOf('c1', {
      labels: { a: 'b' },
      image: 'docker.io/library/busybox:latest',
      runtime: { name: 'io.containerd.runc.v2', options: packed('options') },
      snapshotter: 'overlayfs',
      snapshotKey: 'c1-rw',
      extensions: { ext: packed('extension') },
      sandbox: 'pod',
    });
    const created = await stores().containers.create(scope, wanted);
    expect(created.createdNs > 0n && created.createdNs === created.updatedNs).toBe(true);
    const got = await stores().containers.get(scope, 'c1');
    expect({ ...got, createdNs: 0n, updatedNs: 0n }).toEqual(wanted);
    expect(await failureOf(() => stores().containers.create(scope, wanted))).toEqual({
      code: 'already_exists',
      message: 'container "c1": already exists',
    });
  });

  test('create refuses what cannot be run, with containerd’s words', async () => {
    const { spec: _, ...withoutSpec } = containerOf('c');
    const cases: [Container, string][] = [
      [containerOf('a/b'), 'container.ID: identifier "a/b" must match ^[A-Za-z0-9]+(?:[._-](?:[A-Za-z0-9]+))*$'],
      [containerOf(''), 'container.ID: identifier must not be empty'],
      [containerOf('c', { runtime: { name: '' } }), 'container.Runtime.Name must be set'],
      [withoutSpec, 'container.Spec must be set'],
      [containerOf('c', { snapshotKey: 'key' }), 'container.Snapshotter must be set if container.SnapshotKey is set'],
      [containerOf('c', { extensions: { '': packed('x') } }), 'container.Extension keys must not be zero-length'],
    ];
    for (const [container, text] of cases) {
      expect(await failureOf(() => stores().containers.create(scope, container))).toEqual({
        code: 'invalid_argument',
        message: `create container failed validation: ${text}: invalid argument`,
      });
    }
    expect(await stores().containers.list(scope, [])).toEqual([]);
  });

  test('update changes the fields that the paths name, and no immutable one', async () => {
    const { containers } = stores();
    await containers.create(scope, containerOf('c', { labels: { a: '1', b: '2' }, extensions: { x: packed('x') } }));
    const change = containerOf('c', { labels: { a: 'new' }, image: 'other', extensions: { y: packed('y') } });
    const updated = await containers.update(scope, change, ['labels.a', 'extensions.y']);
    expect(updated.labels).toEqual({ a: 'new', b: '2' });
    expect(Object.keys(updated.extensions).sort()).toEqual(['x', 'y']);
    expect(updated.image).toBe('');
    expect(updated.updatedNs > updated.createdNs).toBe(true);
    expect((await containers.update(scope, change, [])).image).toBe('other');
    const other = { ...change, runtime: { name: 'other' } };
    expect(await failureOf(() => containers.update(scope, other, []))).toEqual({
      code: 'invalid_argument',
      message: 'container.Runtime.Name field is immutable: invalid argument',
    });
    expect(await failureOf(() => containers.update(scope, change, ['runtime']))).toMatchObject({
      message: 'cannot update "runtime" field on "c": invalid argument',
    });
    expect((await containers.get(scope, 'c')).image).toBe('other');
  });

  test('list knows the filters id, image, labels and runtime.name, and its own namespace only', async () => {
    const { containers } = stores();
    await containers.create(scope, containerOf('b', { labels: { 'x.y/z': '1' } }));
    await containers.create(scope, containerOf('a', { image: 'img' }));
    await containers.create({ namespace: 'other' }, containerOf('c'));
    const ids = async (...filters: string[]): Promise<string[]> =>
      (await containers.list(scope, filters)).map(({ id }) => id);
    expect(await ids()).toEqual(['a', 'b']);
    expect(await ids('labels."x.y/z"==1')).toEqual(['b']);
    expect(await ids('id==a', 'id==b')).toEqual(['a', 'b']);
    expect(await ids('image==img,runtime.name~=runc')).toEqual(['a']);
    expect(await ids('sandbox')).toEqual([]);
    expect(await failureOf(() => containers.list(scope, ['id==']))).toMatchObject({ code: 'invalid_argument' });
  });

  test('delete takes a container away, once', async () => {
    const { containers } = stores();
    await containers.create(scope, containerOf('c'));
    await containers.delete(scope, 'c');
    expect(await failureOf(() => containers.get(scope, 'c'))).toEqual({
      code: 'not_found',
      message: 'container "c" in namespace "testing": not found',
    });
    expect(await failureOf(() => containers.delete(scope, 'c'))).toMatchObject({ code: 'not_found' });
  });
}
