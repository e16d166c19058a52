/**
 * `docker load`: archives as `docker save` writes them (manifest.json, image-spec of moby v1.2) and OCI image layouts (index.json,
 * image-spec image-layout.md), plain or compressed. The archive streams into containerd's content store under a lease; names are
 * given last. Whatever fails, or whoever goes away, before that leaves nothing.
 */
import { invalidArgument } from '@docker-ts/base/errors';
import { isIndexType, mediaType } from '@docker-ts/oci/media-types';
import { familiarReference, formatReference, parseReference, withDefaultTag } from '@docker-ts/oci/reference';
import type { ContainerdClient } from '../client/containerd.ts';
import type { EventSink } from '../events/bus.ts';
import { ArchiveFiles } from './archive-files.ts';
import type { ContentBlobs } from './content-blobs.ts';
import { decompressed, detectCompression } from '@docker-ts/oci/compression';
import type { AssembledImage, ImageAssembly, ImageParts } from './image-assembly.ts';
import { type BlobDescriptor, isDigest, parseImageConfig, parseIndex, parseManifest } from './image-config.ts';
import { hostPlatform, type ImageCatalog, tryParseReference } from './image-catalog.ts';
import type { ImageNames } from './image-names.ts';
import { Lease } from './lease.ts';
import { layerLine, type ProgressSink } from './progress.ts';

export interface LoadDependencies {
  readonly client: ContainerdClient;
  readonly blobs: ContentBlobs;
  readonly assembly: ImageAssembly;
  readonly catalog: ImageCatalog;
  readonly names: ImageNames;
  readonly events: EventSink;
}

export interface LoadOptions {
  /** No layer progress. */
  readonly quiet: boolean;
  readonly signal: AbortSignal;
  readonly progress: ProgressSink;
}

/** An image in the archive, and the names that it shall get. */
interface ArchiveImage {
  readonly parts: ImageParts;
  readonly tags: readonly string[];
}

const layerTypes = { none: mediaType.layer, gzip: mediaType.layerGzip, zstd: mediaType.layerZstd } as const;

const isStrings = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string');

/** One element of manifest.json. */
async function dockerImage(files: ArchiveFiles, element: unknown): Promise<ArchiveImage> {
  const { Config: configName, RepoTags: tags, Layers: layerNames } = (element ?? {}) as Record<string, unknown>;
  if (typeof configName !== 'string' || !isStrings(layerNames ?? []) || !isStrings(tags ?? []))
    throw invalidArgument('invalid manifest.json: malformed element');
  const config = await files.document(configName);
  verifyPlatform(config);
  const layers: BlobDescriptor[] = [];
  for (const name of (layerNames ?? []) as string[]) {
    const { digest, sizeBytes, head } = await files.blob(name);
    layers.push({ mediaType: layerTypes[detectCompression(head)], digest, size: sizeBytes });
  }
  return { parts: { config, layers }, tags: (tags ?? []) as string[] };
}

async function dockerImages(files: ArchiveFiles): Promise<ArchiveImage[]> {
  let elements: unknown;
  try {
    elements = JSON.parse(Buffer.from(await files.document('manifest.json')).toString('utf8'));
  } catch (error) {
    throw invalidArgument('invalid manifest.json: malformed JSON', error);
  }
  if (!Array.isArray(elements)) throw invalidArgument('invalid manifest.json: not a list');
  const images: ArchiveImage[] = [];
  for (const element of elements) images.push(await dockerImage(files, element));
  return images;
}

const blobName = (digest: string): string => {
  const checked: unknown = digest;
  if (!isDigest(checked)) throw invalidArgument(`invalid archive: unsupported digest "${digest}"`);
  return `blobs/${digest.replace(':', '/')}`;
};

/** The manifest for this machine behind a descriptor; `undefined` if an index has none. */
async function ociManifest(files: ArchiveFiles, descriptor: BlobDescriptor): Promise<BlobDescriptor | undefined> {
  if (!isIndexType(descriptor.mediaType)) return descriptor;
  const entries = parseIndex(await files.document(blobName(descriptor.digest)), `index "${descriptor.digest}"`);
  return entries.find(
    ({ platform }) => platform?.os === hostPlatform.os && platform.architecture === hostPlatform.architecture,
  );
}

/** Names in index.json: containerd's annotation has the full name; the standard's may be a bare tag, which names nothing. */
function ociTags({ annotations = {} }: BlobDescriptor): string[] {
  const full = annotations['io.containerd.image.name'];
  const standard = annotations['org.opencontainers.image.ref.name'];
  const name = full ?? (standard !== undefined && /[:/]/.test(standard) ? standard : undefined);
  return name === undefined ? [] : [name];
}

async function ociImages(files: ArchiveFiles): Promise<ArchiveImage[]> {
  const images: ArchiveImage[] = [];
  for (const entry of parseIndex(await files.document('index.json'), 'index.json')) {
    const descriptor = await ociManifest(files, entry);
    if (descriptor === undefined) continue;
    const bytes = await files.document(blobName(descriptor.digest));
    const manifest = parseManifest(bytes, `manifest "${descriptor.digest}"`);
    const config = await files.document(blobName(manifest.config.digest));
    verifyPlatform(config);
    for (const layer of manifest.layers) await files.blob(blobName(layer.digest));
    images.push({
      parts: { config, layers: manifest.layers, manifest: { mediaType: descriptor.mediaType, bytes } },
      tags: ociTags(entry),
    });
  }
  if (images.length === 0)
    throw invalidArgument(`the archive has no image for ${hostPlatform.os}/${hostPlatform.architecture}`);
  return images;
}

function verifyPlatform(config: Uint8Array): void {
  const { os } = parseImageConfig(config, 'image config');
  if (os !== '' && os !== 'linux') throw invalidArgument(`cannot load ${os} image on linux`);
}

export class ImageLoad {
  readonly #with: LoadDependencies;

  constructor(dependencies: LoadDependencies) {
    this.#with = dependencies;
  }

  /** Loads every image of the archive in `chunks`, telling about it by progress lines. */
  async run(chunks: AsyncIterable<Uint8Array>, options: LoadOptions): Promise<void> {
    await using lease = await Lease.open(this.#with.client, 'load');
    const files = await ArchiveFiles.read(decompressed(chunks, 'archive'), this.#with.blobs, lease, options.signal);
    if (!files.has('manifest.json') && !files.has('index.json'))
      throw invalidArgument('open manifest.json: no such file or directory');
    const images = files.has('manifest.json') ? await dockerImages(files) : await ociImages(files);
    // Malformed names must show before anything is kept.
    const wanted = images.map(({ parts, tags }) => ({
      parts,
      tags: tags.map((tag) => withDefaultTag(parseReference(tag))),
    }));
    for (const { parts, tags } of wanted) {
      options.signal.throwIfAborted();
      const image = await this.#with.assembly.assemble(parts, lease, (layer) => {
        if (!options.quiet)
          options.progress(layerLine(layer.diffId.slice(7, 19), layer.done ? layer.sizeBytes : 0, layer.sizeBytes));
      });
      for (const tag of tags) await this.#tag(formatReference(tag), familiarReference(tag), image, options.progress);
      if (tags.length === 0) await this.#keepUntagged(image, options.progress);
      this.#with.events.publish('image', 'load', image.id, { name: image.id });
    }
  }

  async #tag(name: string, familiar: string, image: AssembledImage, progress: ProgressSink): Promise<void> {
    const old = tryParseReference(name) === undefined ? undefined : await this.#with.catalog.findExact(name);
    if (old !== undefined && old.id !== image.id) {
      const known = await this.#with.catalog.find(old.id);
      if (known.names.length === 1) await this.#with.names.setDangling(old.manifest);
      progress({
        stream: `The image ${familiar} already exists, renaming the old one with ID ${old.id} to empty string\n`,
      });
    }
    await this.#with.names.set(name, image.manifest);
    await this.#with.names.removeDangling(image.manifest);
    progress({ stream: `Loaded image: ${familiar}\n` });
  }

  async #keepUntagged(image: AssembledImage, progress: ProgressSink): Promise<void> {
    const known = (await this.#with.catalog.list()).some(({ id }) => id === image.id);
    if (!known) await this.#with.names.setDangling(image.manifest);
    progress({ stream: `Loaded image ID: ${image.id}\n` });
  }
}
