/**
 * Turns blobs that lie in the content store into an image: snapshots, a manifest, and the garbage collector's labels that tie
 * them together (containerd's docs/garbage-collection.md: `containerd.io/gc.ref.*`).
 *
 *     name ─▶ manifest ─gc.ref.content.config─▶ config ─gc.ref.snapshot.overlayfs─▶ chain
 *                      ─gc.ref.content.l.0 …─▶ layers
 */
import type { ContainerdClient } from '../client/containerd.ts';
import type { ContentBlobs } from './content-blobs.ts';
import { mediaType as mediaTypes } from '@docker-ts/oci/media-types';
import { type BlobDescriptor, parseImageConfig } from './image-config.ts';
import type { Lease } from './lease.ts';
import type { LayerProgress, Unpacker } from './unpacker.ts';

export interface ImageParts {
  /** The configuration's bytes: its digest is the image's id. */
  readonly config: Uint8Array;
  readonly layers: readonly BlobDescriptor[];
  /** A manifest to keep byte by byte; absent: one is written. */
  readonly manifest?: { readonly mediaType: string; readonly bytes: Uint8Array };
}

export interface AssembledImage {
  readonly id: string;
  readonly manifest: BlobDescriptor;
}

export class ImageAssembly {
  readonly #client: ContainerdClient;
  readonly #blobs: ContentBlobs;
  readonly #unpacker: Unpacker;

  constructor(client: ContainerdClient, blobs: ContentBlobs, unpacker: Unpacker) {
    this.#client = client;
    this.#blobs = blobs;
    this.#unpacker = unpacker;
  }

  /** Everything but the name; safe under `lease` until the name is given. */
  async assemble(
    { config, layers, manifest: given }: ImageParts,
    lease: Lease,
    progress?: LayerProgress,
  ): Promise<AssembledImage> {
    const { rootfs } = parseImageConfig(config, 'image config');
    const chainId = await this.#unpacker.unpack(layers, rootfs.diff_ids, lease, progress);
    const writtenConfig = await this.#blobs.writeDocument(config, {
      lease: lease.id,
      labels: this.snapshotLabels(chainId),
    });
    const configDescriptor = {
      mediaType: mediaTypes.config,
      digest: writtenConfig.digest,
      size: writtenConfig.sizeBytes,
    };
    const { mediaType, bytes } = given ?? {
      mediaType: mediaTypes.manifest,
      bytes: newManifest(configDescriptor, layers),
    };
    const manifest = await this.#blobs.writeDocument(bytes, {
      lease: lease.id,
      labels: manifestLabels(configDescriptor.digest, layers),
    });
    return {
      id: configDescriptor.digest,
      manifest: { mediaType, digest: manifest.digest, size: manifest.sizeBytes },
    };
  }

  /** The label that keeps an image's snapshots as long as its config. */
  snapshotLabels(chainId: string): Record<string, string> {
    return chainId === '' ? {} : { [`containerd.io/gc.ref.snapshot.${this.#client.snapshotter}`]: chainId };
  }
}

function newManifest(config: BlobDescriptor, layers: readonly BlobDescriptor[]): Uint8Array {
  return Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.manifest,
      config,
      layers: layers.map(({ mediaType, digest, size }) => ({ mediaType, digest, size })),
    }),
  );
}

/** The labels that keep config and layers as long as their manifest. */
export function manifestLabels(configDigest: string, layers: readonly BlobDescriptor[]): Record<string, string> {
  return {
    'containerd.io/gc.ref.content.config': configDigest,
    ...Object.fromEntries(layers.map(({ digest }, index) => [`containerd.io/gc.ref.content.l.${index}`, digest])),
  };
}
