import { expect, test } from 'bun:test';
import { isConfigType, isIndexType, isManifestType, layerCompression, mediaType } from './media-types.ts';

test('layerCompression tells layers from other content, and how they are compressed', () => {
  expect(layerCompression(mediaType.layer)).toBe('none');
  expect(layerCompression(mediaType.layerGzip)).toBe('gzip');
  expect(layerCompression(mediaType.dockerLayerGzip)).toBe('gzip');
  expect(layerCompression(mediaType.layerZstd)).toBe('zstd');
  expect(layerCompression('application/vnd.docker.image.rootfs.foreign.diff.tar.gzip')).toBe('gzip');
  expect(layerCompression(`${mediaType.layer}+brotli`)).toBeUndefined();
  expect(layerCompression(mediaType.config)).toBeUndefined();
});

test('each of the document types is known in both families', () => {
  expect([mediaType.index, mediaType.dockerManifestList].every(isIndexType)).toBe(true);
  expect([mediaType.manifest, mediaType.dockerManifest].every(isManifestType)).toBe(true);
  expect([mediaType.config, mediaType.dockerConfig].every(isConfigType)).toBe(true);
  expect(isManifestType(mediaType.index)).toBe(false);
});
