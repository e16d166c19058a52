/**
 * The images of the daemon, read from containerd's image store. containerd keeps names that point to manifests; Docker's image is
 * the configuration behind one, its id that configuration's digest, and all names of one id are its tags.
 *
 *     docker.io/library/busybox:latest ─▶ manifest ─▶ config (= image id) ─▶ diff_ids ─▶ snapshots
 *     moby-dangling@sha256:…            an image that lost its last tag, as moby names it
 *
 * Blobs never change, so what was read of them is kept; names are asked for each time.
 */
import { invalidArgument, isCode, notFound } from '@docker-ts/base/errors';
import { chainIds } from '@docker-ts/oci/chain-id';
import { isIndexType } from '@docker-ts/oci/media-types';
import type { Image } from '@docker-ts/rpc/gen/containerd/services/images/v1/images';
import { dateFromTimestamp } from '@docker-ts/rpc/timestamp';
import {
  familiarReference,
  formatReference,
  parseReference,
  type Reference,
  withDefaultTag,
  withDigest,
  withoutTagAndDigest,
} from '@docker-ts/oci/reference';
import type { ContainerdClient } from '../client/containerd.ts';
import type { ContentBlobs } from './content-blobs.ts';
import { type BlobDescriptor, type ImageConfig, parseImageConfig, parseIndex, parseManifest } from './image-config.ts';

export const danglingPrefix = 'moby-dangling@';

/** What the blobs of one image say. */
export interface ImageContent {
  /** Config digest. */
  readonly id: string;
  readonly manifest: BlobDescriptor;
  readonly layers: readonly BlobDescriptor[];
  readonly config: ImageConfig;
  readonly chainIds: readonly string[];
}

/** An image with its names. */
export interface CatalogImage extends ImageContent {
  /** Names in containerd's store, dangling ones among them, oldest first. */
  readonly names: readonly string[];
  /** When a name was last given. */
  readonly taggedAt: Date;
}

export interface WantedPlatform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

const goArchitectures: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386', ppc64: 'ppc64le' };

/** This machine as image documents name it. */
export const hostPlatform: WantedPlatform = {
  os: 'linux',
  architecture: goArchitectures[process.arch] ?? process.arch,
};

const cacheLimit = 512;

export class ImageCatalog {
  readonly #client: ContainerdClient;
  readonly #blobs: ContentBlobs;
  /** By manifest digest and platform. */
  readonly #contents = new Map<string, ImageContent>();

  constructor(client: ContainerdClient, blobs: ContentBlobs) {
    this.#client = client;
    this.#blobs = blobs;
  }

  /** All images. A name whose blobs are missing or malformed is left out: `ctr` may have made it. */
  async list(): Promise<CatalogImage[]> {
    const { images } = await this.#client.images.list({});
    const byId = new Map<string, CatalogImage>();
    for (const image of images.toSorted((a, b) => createdMs(a) - createdMs(b))) {
      const content = await this.#tryRead(image);
      if (content === undefined) continue;
      const known = byId.get(content.id);
      const taggedAt = image.updatedAt === undefined ? new Date(0) : dateFromTimestamp(image.updatedAt);
      byId.set(content.id, {
        ...(known ?? content),
        names: [...(known?.names ?? []), image.name],
        taggedAt: known !== undefined && known.taggedAt > taggedAt ? known.taggedAt : taggedAt,
      });
    }
    return [...byId.values()];
  }

  /**
   * The image that `reference` means: id or id prefix, with or without `sha256:`, or a name. not_found in Docker's words; a
   * malformed name is invalid_argument.
   */
  async find(reference: string, platform = hostPlatform): Promise<CatalogImage> {
    const byName = await this.#findByName(reference, platform);
    if (byName !== undefined) return this.#withNames(byName);
    const prefix = /^(?:sha256:)?([0-9a-f]{1,64})$/.exec(reference)?.[1];
    if (prefix !== undefined) {
      const matches = (await this.list()).filter(({ id }) => id.startsWith(`sha256:${prefix}`));
      if (matches.length > 1) throw invalidArgument(`multiple IDs found with provided prefix: ${prefix}`);
      if (matches[0] !== undefined) return matches[0];
    }
    throw noSuchImage(reference);
  }

  /** What a name points to, without the image's other names: one call to containerd when the blobs are known. */
  async findContent(reference: string, platform = hostPlatform): Promise<ImageContent> {
    return (await this.#findByName(reference, platform)) ?? this.find(reference, platform);
  }

  #findByName(reference: string, platform: WantedPlatform): Promise<ImageContent | undefined> {
    if (/^(?:sha256:)?[0-9a-f]{64}$/.test(reference)) return Promise.resolve(undefined);
    return this.findExact(formatReference(withDefaultTag(parseReference(reference))), platform);
  }

  /** What a full name in containerd's store points to; `undefined` if it is not taken. */
  async findExact(name: string, platform = hostPlatform): Promise<ImageContent | undefined> {
    try {
      const { image } = await this.#client.images.get({ name });
      if (image?.target === undefined) return undefined;
      return await this.#read({ ...image.target, size: Number(image.target.size) }, platform);
    } catch (error) {
      if (isCode(error, 'not_found')) return undefined;
      throw error;
    }
  }

  async #withNames(content: ImageContent): Promise<CatalogImage> {
    const found = (await this.list()).find(({ id }) => id === content.id);
    return found ?? { ...content, names: [], taggedAt: new Date(0) };
  }

  async #tryRead(image: Image): Promise<ImageContent | undefined> {
    if (image.target === undefined) return undefined;
    try {
      return await this.#read({ ...image.target, size: Number(image.target.size) }, hostPlatform);
    } catch (error) {
      if (isCode(error, 'not_found') || isCode(error, 'invalid_argument')) return undefined;
      throw error;
    }
  }

  async #read(target: BlobDescriptor, platform: WantedPlatform): Promise<ImageContent> {
    const key = `${target.digest} ${platform.os}/${platform.architecture}/${platform.variant ?? ''}`;
    const known = this.#contents.get(key);
    if (known !== undefined) return known;
    const manifest = isIndexType(target.mediaType) ? await this.#choose(target, platform) : target;
    const what = `manifest "${manifest.digest}"`;
    const { config: descriptor, layers } = parseManifest(await this.#blobs.readDocument(manifest.digest), what);
    const config = parseImageConfig(
      await this.#blobs.readDocument(descriptor.digest),
      `image config "${descriptor.digest}"`,
    );
    const content = { id: descriptor.digest, manifest, layers, config, chainIds: chainIds(config.rootfs.diff_ids) };
    if (this.#contents.size >= cacheLimit) this.#contents.clear();
    this.#contents.set(key, content);
    return content;
  }

  async #choose(index: BlobDescriptor, platform: WantedPlatform): Promise<BlobDescriptor> {
    const manifests = parseIndex(await this.#blobs.readDocument(index.digest), `index "${index.digest}"`);
    const chosen =
      manifests.find(
        (entry) => entry.platform?.os === platform.os && entry.platform.architecture === platform.architecture,
      ) ?? (manifests.length === 1 ? manifests[0] : undefined);
    if (chosen === undefined)
      throw notFound(`no manifest of "${index.digest}" is for ${platform.os}/${platform.architecture}`);
    return chosen;
  }
}

const createdMs = (image: Image): number =>
  image.createdAt === undefined ? 0 : dateFromTimestamp(image.createdAt).getTime();

/** The reference behind a name in containerd's store; `undefined` for names that are none (dangling images, other clients'). */
export function tryParseReference(text: string): Reference | undefined {
  try {
    return parseReference(text);
  } catch {
    return undefined;
  }
}

/** dockerd names a missing image with its tag, and an id as if it were a name. */
export function noSuchImage(reference: string): Error {
  const parsed = tryParseReference(reference);
  return notFound(`No such image: ${parsed === undefined ? reference : familiarReference(withDefaultTag(parsed))}`);
}

/** Tags among an image's names, in the short form. */
export function repoTags(names: readonly string[]): string[] {
  return names.flatMap((name) => {
    const reference = name.startsWith(danglingPrefix) ? undefined : tryParseReference(name);
    return reference?.tag === undefined || reference.digest !== undefined ? [] : [familiarReference(reference)];
  });
}

/** Digested names (`x@sha256:…`) among an image's names, in the short form. */
export function repoDigests(names: readonly string[]): string[] {
  return names.flatMap((name) => {
    const reference = name.startsWith(danglingPrefix) ? undefined : tryParseReference(name);
    return reference?.digest === undefined
      ? []
      : [familiarReference(withDigest(withoutTagAndDigest(reference), reference.digest))];
  });
}
