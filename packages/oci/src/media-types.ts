/** Media types of images: OCI's (image-spec media-types.md) and Docker's schema 2, which mean the same. */

export const mediaType = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
  layerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  layerZstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
  empty: 'application/vnd.oci.empty.v1+json',
  dockerManifestList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
  dockerLayer: 'application/vnd.docker.image.rootfs.diff.tar',
  dockerLayerGzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
  dockerLayerZstd: 'application/vnd.docker.image.rootfs.diff.tar.zstd',
} as const;

/** True for a list of manifests. */
export function isIndexType(type: string): boolean {
  return type === mediaType.index || type === mediaType.dockerManifestList;
}

/** True for the manifest of one image. */
export function isManifestType(type: string): boolean {
  return type === mediaType.manifest || type === mediaType.dockerManifest;
}

/** True for an image's configuration. */
export function isConfigType(type: string): boolean {
  return type === mediaType.config || type === mediaType.dockerConfig;
}

const nondistributable = 'application/vnd.oci.image.layer.nondistributable.v1.tar';
const dockerForeign = 'application/vnd.docker.image.rootfs.foreign.diff.tar';

const compressions: Readonly<Record<string, LayerCompression>> = {
  '': 'none',
  '+gzip': 'gzip',
  '.gzip': 'gzip',
  '+zstd': 'zstd',
  '.zstd': 'zstd',
};

export type LayerCompression = 'none' | 'gzip' | 'zstd';

/** How a layer of this type is compressed; undefined if it is not a layer's type. Foreign layers count as layers. */
export function layerCompression(type: string): LayerCompression | undefined {
  for (const base of [mediaType.layer, mediaType.dockerLayer, nondistributable, dockerForeign])
    if (type.startsWith(base)) return compressions[type.slice(base.length)];
  return undefined;
}
