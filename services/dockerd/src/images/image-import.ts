/**
 * `docker import`: a tar archive of a file system becomes an image of one layer. The archive is stored as it came (compressed or
 * not); containerd's diff service tells the layer's diffID while it unpacks it.
 */
import { version } from '@docker-ts/base/version';
import { invalidArgument } from '@docker-ts/base/errors';
import { familiarReference, formatReference, parseReference, withDefaultTag } from '@docker-ts/oci/reference';
import type { ImageDefaults } from '../spec/container-config.ts';
import { detectCompression } from '@docker-ts/oci/compression';
import { applyChanges } from './dockerfile-changes.ts';
import type { LoadDependencies } from './image-load.ts';
import { hostPlatform } from './image-catalog.ts';
import { mediaType } from '@docker-ts/oci/media-types';
import { Lease } from './lease.ts';
import type { Unpacker } from './unpacker.ts';

export interface ImportOptions {
  /** `fromSrc`: `-` for the request's body; anything else is a URL, which is not supported. */
  readonly source: string;
  /** Name of the new image; `""` for none. */
  readonly repository: string;
  readonly tag: string;
  readonly message: string;
  readonly changes: readonly string[];
  readonly signal: AbortSignal;
}

const layerTypes = { none: mediaType.layer, gzip: mediaType.layerGzip, zstd: mediaType.layerZstd } as const;

function imageDocument(diffId: string, config: ImageDefaults, message: string): Uint8Array {
  const created = new Date().toISOString();
  return Buffer.from(
    JSON.stringify({
      created,
      architecture: hostPlatform.architecture,
      os: hostPlatform.os,
      comment: message,
      docker_version: version,
      config,
      rootfs: { type: 'layers', diff_ids: [diffId] },
      history: [{ created, comment: message }],
    }),
  );
}

export class ImageImport {
  readonly #with: LoadDependencies;
  readonly #unpacker: Unpacker;

  constructor(dependencies: LoadDependencies, unpacker: Unpacker) {
    this.#with = dependencies;
    this.#unpacker = unpacker;
  }

  /** Makes the image and answers its id. Bad changes and names are told before anything is read. */
  async run(chunks: AsyncIterable<Uint8Array>, options: ImportOptions): Promise<string> {
    if (options.source !== '-')
      throw invalidArgument(
        `cannot import "${options.source}": importing from a URL is not supported, pass the archive itself`,
      );
    const config = applyChanges({}, options.changes);
    const reference =
      options.repository === ''
        ? undefined
        : withDefaultTag(parseReference(options.repository + (options.tag === '' ? '' : `:${options.tag}`)));
    if (reference?.digest !== undefined) throw invalidArgument('cannot import digest reference');
    await using lease = await Lease.open(this.#with.client, 'import');
    const blob = await this.#with.blobs.write(chunks, { lease: lease.id, signal: options.signal });
    if (blob.sizeBytes === 0) throw invalidArgument('cannot import an empty archive');
    const layer = { mediaType: layerTypes[detectCompression(blob.head)], digest: blob.digest, size: blob.sizeBytes };
    const diffId = await this.#unpacker.unpackBase(layer, lease);
    const message = options.message || `Imported from ${options.source}`;
    const image = await this.#with.assembly.assemble(
      { config: imageDocument(diffId, config, message), layers: [layer] },
      lease,
    );
    if (reference === undefined) await this.#with.names.setDangling(image.manifest);
    else await this.#name(formatReference(reference), image.manifest);
    const name = reference === undefined ? image.id : familiarReference(reference);
    this.#with.events.publish('image', 'import', image.id, { name });
    return image.id;
  }

  /** An image that held the name before stays, without one. */
  async #name(name: string, manifest: Parameters<LoadDependencies['names']['set']>[1]): Promise<void> {
    const old = await this.#with.catalog.findExact(name);
    if (old !== undefined && (await this.#with.catalog.find(old.id)).names.length === 1)
      await this.#with.names.setDangling(old.manifest);
    await this.#with.names.set(name, manifest);
  }
}
