/** What may be applied: the layer media types of OCI and Docker, and how their bytes are compressed. */
import { unimplemented } from '@docker-ts/base/errors';

export type Compression = 'none' | 'gzip' | 'zstd';

export const uncompressedLayer = 'application/vnd.oci.image.layer.v1.tar';

const layerTypes: readonly RegExp[] = [
  /^application\/vnd\.oci\.image\.layer\.(?:nondistributable\.)?v1\.tar(?:\+gzip|\+zstd)?$/,
  // old daemons wrote gzip under the name of the plain type: the bytes themselves tell
  /^application\/vnd\.docker\.image\.rootfs\.(?:foreign\.)?diff\.tar(?:\.gzip|\.zstd)?$/,
];

/** @throws unimplemented for what is no layer. */
export function checkLayerMediaType(mediaType: string): void {
  if (layerTypes.some((type) => type.test(mediaType))) return;
  throw unimplemented(`failed to get stream processor for ${mediaType}: no processor for media-type: not implemented`);
}

const gzipMagic = [0x1f, 0x8b, 0x08];
const zstdMagic = [0x28, 0xb5, 0x2f, 0xfd];

/** Bytes that `detectCompression` wants to see. */
export const magicBytes = 12;

/** The compression that the first bytes of a blob tell. */
export function detectCompression(start: Uint8Array): Compression {
  const begins = (magic: readonly number[]): boolean => magic.every((byte, index) => start[index] === byte);
  if (begins(gzipMagic)) return 'gzip';
  // a skippable frame (0x184D2A50 to 0x184D2A5F) may come first: seekable archives put one there
  const skippable = ((start[0] ?? 0) & 0xf0) === 0x50 && start[1] === 0x2a && start[2] === 0x4d && start[3] === 0x18;
  return begins(zstdMagic) || skippable ? 'zstd' : 'none';
}
