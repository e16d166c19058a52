import { expect, test } from 'bun:test';
import { digestOf } from './digester.ts';
import { parseImageConfig, parseImageIndex, parseImageManifest } from './image-spec.ts';
import { mediaType } from './media-types.ts';

const descriptor = { mediaType: mediaType.config, digest: digestOf('x'), size: 1 };

test('parseImageManifest takes a manifest and refuses one that is an index as well', () => {
  const manifest = { schemaVersion: 2, config: descriptor, layers: [] };
  expect(parseImageManifest(JSON.stringify(manifest)).config.size).toBe(1);
  expect(() => parseImageManifest(JSON.stringify({ ...manifest, manifests: [] }))).toThrow(
    'cannot use image manifest: has both layers and manifests',
  );
});

test('parseImageIndex checks digests and sizes of what it lists', () => {
  const index = (manifest: object): string => JSON.stringify({ schemaVersion: 2, manifests: [manifest] });
  expect(parseImageIndex(index(descriptor)).manifests).toHaveLength(1);
  expect(() => parseImageIndex(index({ ...descriptor, digest: 'sha256:0' }))).toThrow(
    'cannot use image index: manifests[0].digest: invalid checksum digest length',
  );
  expect(() => parseImageIndex(index({ ...descriptor, size: -1 }))).toThrow('manifests[0].size: must be between 0');
});

test('parseImageConfig takes null where Docker writes null', () => {
  const config = parseImageConfig(
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      config: { Cmd: ['sh'], Entrypoint: null, Volumes: null, Labels: null },
      rootfs: { type: 'layers', diff_ids: [digestOf('layer')] },
      history: [{ created_by: 'ADD', empty_layer: true }],
    }),
  );
  expect(config.config).toEqual({ Cmd: ['sh'] });
});

test.each([
  [{ os: 'linux', rootfs: { diff_ids: [] } }, 'architecture: must be given'],
  [{ os: 'linux', architecture: 'amd64', rootfs: { diff_ids: ['../../etc'] } }, 'rootfs.diff_ids[0]: invalid checksum'],
  [
    { os: 'linux', architecture: 'amd64', rootfs: { diff_ids: [] }, config: { Env: 'A=1' } },
    'config.Env: must be an array',
  ],
])('parseImageConfig refuses %j', (config, message) => {
  expect(() => parseImageConfig(JSON.stringify(config))).toThrow(message);
});
