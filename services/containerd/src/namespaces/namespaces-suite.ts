/** What the namespaces of a daemon have to do, as tests to run against an implementation. */
import { expect, test } from 'bun:test';
import { failureOf } from '../contract-fixture.ts';
import type { Stores } from '../store-fixture.ts';

/** Declares the tests. */
export function namespacesSuite(stores: () => Stores): void {
  test('create makes a namespace with labels, once', async () => {
    const { namespaces } = stores();
    await namespaces.create({ name: 'a', labels: { k: 'v' } });
    expect(await namespaces.list()).toEqual([{ name: 'a', labels: { k: 'v' } }]);
    expect(await failureOf(() => namespaces.create({ name: 'a', labels: {} }))).toEqual({
      code: 'already_exists',
      message: 'namespace "a": already exists',
    });
    expect(await failureOf(() => namespaces.create({ name: '../a', labels: {} }))).toMatchObject({
      code: 'invalid_argument',
    });
  });

  test('update sets single labels, takes away those set to nothing, or replaces all', async () => {
    const { namespaces } = stores();
    await namespaces.create({ name: 'a', labels: { k: 'v', l: 'w' } });
    await namespaces.update({ name: 'a', labels: { k: 'new' } }, ['labels.k', 'labels.l']);
    expect((await namespaces.get('a')).labels).toEqual({ k: 'new' });
    await namespaces.update({ name: 'a', labels: { other: 'x' } }, []);
    expect((await namespaces.get('a')).labels).toEqual({ other: 'x' });
    expect(await failureOf(() => namespaces.update({ name: 'a', labels: {} }, ['name']))).toEqual({
      code: 'invalid_argument',
      message: 'cannot update "name" field',
    });
    expect(await failureOf(() => namespaces.update({ name: 'none', labels: {} }, []))).toMatchObject({
      code: 'not_found',
    });
  });

  test('get of an unknown namespace answers one without labels', async () => {
    expect(await stores().namespaces.get('none')).toEqual({ name: 'none', labels: {} });
  });

  test('delete refuses a namespace that holds objects, and says which', async () => {
    const { namespaces, images, leases } = stores();
    const target = { mediaType: 'x', digest: `sha256:${'a'.repeat(64)}`, sizeBytes: 1, annotations: {} };
    await images.create({ namespace: 'a' }, { name: 'img', target, labels: {}, createdNs: 0n, updatedNs: 0n });
    await leases.create({ namespace: 'a' }, 'l', {});
    expect((await namespaces.list()).map(({ name }) => name)).toEqual(['a']);
    expect(await failureOf(() => namespaces.delete('a'))).toEqual({
      code: 'failed_precondition',
      message: 'namespace "a" must be empty, but it still has images: failed precondition',
    });
    await images.delete({ namespace: 'a' }, 'img');
    await namespaces.delete('a');
    expect(await namespaces.list()).toEqual([]);
    expect(await leases.list({ namespace: 'a' }, [])).toEqual([]);
    expect(await failureOf(() => namespaces.delete('a'))).toEqual({
      code: 'not_found',
      message: 'namespace "a": not found',
    });
  });
}
