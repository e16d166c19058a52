/** What every lease store has to do, as tests to run against an implementation. */
import { expect, test } from 'bun:test';
import { failureOf } from '../contract-fixture.ts';
import type { Stores } from '../store-fixture.ts';

const scope = { namespace: 'testing' };
const digest = `sha256:${'a'.repeat(64)}`;

/** Declares the tests. */
export function leasesSuite(stores: () => Stores): void {
  test('create takes an id or makes one, and refuses an id a second time', async () => {
    const { leases } = stores();
    const named = await leases.create(scope, 'with/slash', { a: 'b' });
    expect(named).toMatchObject({ id: 'with/slash', labels: { a: 'b' } });
    const random = await leases.create(scope, '', {});
    expect(random.id).toMatch(/^\d+-[\w-]{4}$/);
    expect((await leases.list(scope, ['labels.a==b'])).map(({ id }) => id)).toEqual(['with/slash']);
    expect((await leases.list(scope, [])).length).toBe(2);
    expect(await failureOf(() => leases.create(scope, 'with/slash', {}))).toEqual({
      code: 'already_exists',
      message: 'lease "with/slash": already exists',
    });
  });

  test('addResource and deleteResource change what listResources tells, twice over', async () => {
    const { leases } = stores();
    await leases.create(scope, 'l', {});
    const resources = [
      { type: 'content', id: digest },
      { type: 'images', id: 'docker.io/library/a:1' },
      { type: 'ingests', id: 'ref with spaces' },
      { type: 'snapshots/overlayfs', id: 'key/with/slashes' },
    ];
    for (const resource of [...resources, ...resources]) await leases.addResource(scope, 'l', resource);
    expect(await leases.listResources(scope, 'l')).toEqual(resources as never);
    for (const resource of [resources[1]!, resources[1]!]) await leases.deleteResource(scope, 'l', resource);
    expect((await leases.listResources(scope, 'l')).length).toBe(3);
  });

  test('addResource refuses malformed resources and types that leases do not hold', async () => {
    const { leases } = stores();
    await leases.create(scope, 'l', {});
    const cases = [
      [
        'content',
        'nodigest',
        'invalid_argument',
        'invalid content resource id nodigest: invalid checksum digest format: invalid argument',
      ],
      ['content/x', digest, 'invalid_argument', 'invalid resource type content/x: invalid argument'],
      ['snapshots', 'key', 'invalid_argument', 'invalid snapshot resource type snapshots: invalid argument'],
      ['tasks', 'id', 'unimplemented', 'resource type tasks not supported yet: not implemented'],
    ] as const;
    for (const [type, id, code, message] of cases) {
      expect(await failureOf(() => leases.addResource(scope, 'l', { type, id }))).toEqual({ code, message });
    }
  });

  test('delete takes a lease away with all that it holds, once', async () => {
    const { leases } = stores();
    await leases.create(scope, 'l', {});
    await leases.addResource(scope, 'l', { type: 'images', id: 'a' });
    await leases.delete(scope, 'l');
    const missing = { code: 'not_found', message: 'lease "l": not found' } as const;
    expect(await failureOf(() => leases.delete(scope, 'l'))).toEqual(missing);
    expect(await failureOf(() => leases.listResources(scope, 'l'))).toEqual(missing);
    await leases.create(scope, 'l', {});
    expect(await leases.listResources(scope, 'l')).toEqual([]);
  });
}
