/** What may be applied: the layer media types of OCI and Docker (packages/oci, media-types.ts). */
import { unimplemented } from '@docker-ts/base/errors';
import { layerCompression } from '@docker-ts/oci/media-types';

/** @throws unimplemented for what is no layer. */
export function checkLayerMediaType(mediaType: string): void {
  if (layerCompression(mediaType) !== undefined) return;
  throw unimplemented(`failed to get stream processor for ${mediaType}: no processor for media-type: not implemented`);
}
