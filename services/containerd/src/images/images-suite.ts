/** What every image store has to do, as tests to run against an implementation. */
import { expect, test } from 'bun:test';
import { failureOf } from '../contract-fixture.ts';
import type { Stores } from '../store-fixture.ts';
import type { Image } from './image.ts';

const scope = { namespace: 'testing' };
const digestA = `sha256:${'a'.repeat(64)}`;
const digestB = `sha256:${'b'.repeat(64)}`;

const imageOf = (name: string, changes: Partial<Image> = {}): Image => ({
  name,
  target: {
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    digest: digestA,
    sizeBytes: 400,
    annotations: {},
  },
  labels: {},
  createdNs: 0n,
  updatedNs: 0n,
  ...changes,
});

/** Declares the tests. */
export function imagesSuite(stores: () => Stores): void {
  test('create keeps every field, and refuses the name a second time', async () => {
    const wanted = imageOf('docker.io/library/a:latest', { labels: { a: 'b' } });
    await stores().images.create(scope, wanted);
    const got = await stores().images.get(scope, wanted.name);
    expect({ ...got, createdNs: 0n, updatedNs: 0n }).toEqual(wanted);
    expect(await failureOf(() => stores().images.create(scope, wanted))).toEqual({
      code: 'already_exists',
      message: 'image "docker.io/library/a:latest": already exists',
    });
  });

  test('create notes the time of a reproducible build', async () => {
    const image = await stores().images.create(scope, imageOf('a'), 1_700_000_000_000_000_000n);
    expect(image.createdNs).toBe(1_700_000_000_000_000_000n);
  });

  test('create refuses a target that names nothing', async () => {
    const { target } = imageOf('a');
    const cases: [Image['target'], string][] = [
      [{ ...target, digest: 'sha256:abc' }, 'target.Digest "sha256:abc" invalid: invalid checksum digest length'],
      [{ ...target, sizeBytes: 0 }, 'target.Size must be greater than zero'],
      [{ ...target, mediaType: '' }, 'target.MediaType must be set'],
    ];
    for (const [bad, text] of cases) {
      expect(await failureOf(() => stores().images.create(scope, imageOf('a', { target: bad })))).toEqual({
        code: 'invalid_argument',
        message: `${text}: invalid argument`,
      });
    }
  });

  test('update changes the fields that the paths name, or all', async () => {
    const { images } = stores();
    await images.create(scope, imageOf('a', { labels: { a: '1', b: '2' } }));
    const change = imageOf('a', {
      labels: { a: 'new' },
      target: { ...imageOf('a').target, digest: digestB, annotations: { note: 'x' } },
    });
    const labelled = await images.update(scope, change, { fieldPaths: ['labels.a', 'annotations.note'] });
    expect(labelled.labels).toEqual({ a: 'new', b: '2' });
    expect(labelled.target).toMatchObject({ digest: digestA, annotations: { note: 'x' } });
    const whole = await images.update(scope, change, { fieldPaths: [] });
    expect(whole.target.digest).toBe(digestB);
    expect(whole.labels).toEqual({ a: 'new' });
    expect(whole.createdNs).toBe(labelled.createdNs);
    expect(await failureOf(() => images.update(scope, change, { fieldPaths: ['name'] }))).toEqual({
      code: 'invalid_argument',
      message: 'cannot update "name" field on image "a": invalid argument',
    });
    expect(await failureOf(() => images.update(scope, imageOf('none'), { fieldPaths: [] }))).toEqual({
      code: 'not_found',
      message: 'image "none": not found',
    });
  });

  test('list knows the filters name, target, labels and annotations', async () => {
    const { images } = stores();
    await images.create(scope, imageOf('docker.io/library/b:1', { labels: { k: 'v' } }));
    await images.create(scope, imageOf('docker.io/library/a:1'));
    const names = async (...filters: string[]): Promise<string[]> =>
      (await images.list(scope, filters)).map(({ name }) => name);
    expect(await names()).toEqual(['docker.io/library/a:1', 'docker.io/library/b:1']);
    expect(await names('name==docker.io/library/a:1')).toEqual(['docker.io/library/a:1']);
    expect(await names('labels.k')).toEqual(['docker.io/library/b:1']);
    expect(await names(`target.digest==${digestA},name~=/b:\\d$/`)).toEqual(['docker.io/library/b:1']);
    expect(await names('labels.k!=v')).toEqual(['docker.io/library/a:1']);
  });

  test('delete with a target takes the image away only if it still names that', async () => {
    const { images } = stores();
    await images.create(scope, imageOf('a'));
    expect(await failureOf(() => images.delete(scope, 'a', digestB))).toEqual({
      code: 'not_found',
      message: `image "a" has target ${digestA}, not ${digestB}: not found`,
    });
    await images.delete(scope, 'a', digestA);
    expect(await failureOf(() => images.delete(scope, 'a'))).toEqual({
      code: 'not_found',
      message: 'image "a": not found',
    });
  });
}
