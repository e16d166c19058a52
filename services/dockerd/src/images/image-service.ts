/**
 * The image domain of the daemon: what the API's image routes and the containers ask for, over containerd's stores. It owns no
 * state but caches of what never changes.
 */
import { invalidArgument, notFound } from '@docker-ts/base/errors';
import { familiarReference, formatReference, parseReference, withDefaultTag } from '@docker-ts/oci/reference';
import type { Filters } from '../filters/filters.ts';
import type { ContainerdClient } from '../client/containerd.ts';
import type { ImagePlatform, ImageStore, ImageUsers, ResolvedImage } from '../containers/ports.ts';
import type { EventSink } from '../events/bus.ts';
import { ContentBlobs } from './content-blobs.ts';
import { ImageAssembly } from './image-assembly.ts';
import { type CatalogImage, hostPlatform, ImageCatalog, type ImageContent, repoTags } from './image-catalog.ts';
import { booleanFilter, createdMs, isDangling, matchesLabels, matchesReference, parseUntil } from './image-filters.ts';
import { ImageImport, type ImportOptions } from './image-import.ts';
import { ImageLoad, type LoadOptions } from './image-load.ts';
import { ImageNames } from './image-names.ts';
import { ImageRemoval, type RemovalRecord } from './image-removal.ts';
import { imageHistory, imageSummary, type ImageSummary, inspectImage, LayerSizes } from './image-views.ts';
import { Lease } from './lease.ts';
import { Unpacker } from './unpacker.ts';

export interface ImageServiceDependencies {
  readonly client: ContainerdClient;
  readonly users: ImageUsers;
  readonly events: EventSink;
}

export class ImageService implements ImageStore {
  readonly #client: ContainerdClient;
  readonly #users: ImageUsers;
  readonly #events: EventSink;
  readonly #blobs: ContentBlobs;
  readonly #unpacker: Unpacker;
  readonly #catalog: ImageCatalog;
  readonly #names: ImageNames;
  readonly #sizes: LayerSizes;
  readonly #load: ImageLoad;
  readonly #import: ImageImport;
  readonly #removal: ImageRemoval;
  /** Chains that were seen unpacked. Cleared by every removal. */
  readonly #unpacked = new Set<string>();

  constructor({ client, users, events }: ImageServiceDependencies) {
    this.#client = client;
    this.#users = users;
    this.#events = events;
    this.#blobs = new ContentBlobs(client);
    this.#unpacker = new Unpacker(client);
    this.#catalog = new ImageCatalog(client, this.#blobs);
    this.#names = new ImageNames(client);
    this.#sizes = new LayerSizes(client);
    const assembly = new ImageAssembly(client, this.#blobs, this.#unpacker);
    const shared = { client, blobs: this.#blobs, assembly, catalog: this.#catalog, names: this.#names, events };
    this.#load = new ImageLoad(shared);
    this.#import = new ImageImport(shared, this.#unpacker);
    this.#removal = new ImageRemoval({
      catalog: this.#catalog,
      names: this.#names,
      unpacker: this.#unpacker,
      sizes: this.#sizes,
      users,
      events,
    });
  }

  /** See ImageStore: what `POST /containers/create` needs of an image. */
  async resolve(reference: string, platform?: ImagePlatform): Promise<ResolvedImage> {
    if (reference === '') throw invalidArgument('no image specified');
    const content = await this.#catalog.findContent(reference, platform ?? hostPlatform);
    verifyPlatform(content, reference, platform);
    const chainId = content.chainIds.at(-1) ?? '';
    if (chainId !== '' && !this.#unpacked.has(chainId)) {
      await this.#unpack(content);
      this.#unpacked.add(chainId);
    }
    const { os, architecture, variant } = content.config;
    return {
      id: content.id,
      names: 'names' in content ? repoTags((content as CatalogImage).names) : [reference],
      config: content.config.config ?? {},
      chainId,
      platform: { os, architecture, ...(variant === undefined ? {} : { variant }) },
      manifest: content.manifest,
    };
  }

  /** An image that `ctr` or another client brought may not be unpacked yet. */
  async #unpack(content: ImageContent): Promise<void> {
    const chainId = content.chainIds.at(-1) ?? '';
    if (await this.#unpacker.has(chainId)) return;
    await using lease = await Lease.open(this.#client, 'unpack');
    await this.#unpacker.unpack(content.layers, content.config.rootfs.diff_ids, lease);
    await this.#blobs.hold(content.id, {
      lease: lease.id,
      labels: { [`containerd.io/gc.ref.snapshot.${this.#client.snapshotter}`]: chainId },
    });
  }

  load(chunks: AsyncIterable<Uint8Array>, options: LoadOptions): Promise<void> {
    return this.#load.run(chunks, options);
  }

  /** Answers the new image's id. */
  import(chunks: AsyncIterable<Uint8Array>, options: ImportOptions): Promise<string> {
    return this.#import.run(chunks, options);
  }

  /** Newest first, as `docker images` shows them. */
  async list(filters: Filters): Promise<ImageSummary[]> {
    const dangling = booleanFilter(filters, 'dangling');
    const before = await this.#moment(filters.get('before'));
    const since = await this.#moment(filters.get('since'));
    const until = (filters.get('until') ?? []).map((text) => parseUntil(text));
    const references = filters.get('reference') ?? [];
    const summaries: ImageSummary[] = [];
    const images = (await this.#catalog.list()).toSorted((a, b) => createdMs(b) - createdMs(a));
    for (const image of images) {
      const created = createdMs(image);
      if (dangling !== undefined && dangling !== isDangling(image)) continue;
      if ((before !== undefined && created >= before) || (since !== undefined && created <= since)) continue;
      if (until.some((moment) => created > moment)) continue;
      if (!matchesLabels(filters.get('label'), image.config.config?.Labels)) continue;
      const tags = repoTags(image.names).filter((tag) => references.length === 0 || matchesReference(tag, references));
      if (references.length > 0 && tags.length === 0) continue;
      const users = this.#users.usersOf(image.id).length;
      summaries.push(imageSummary(image, await this.#sizes.total(image), users, tags));
    }
    return summaries;
  }

  /** When the image named by a `before` or `since` filter was made. */
  async #moment(references: readonly string[] | undefined): Promise<number | undefined> {
    const [reference] = references ?? [];
    return reference === undefined ? undefined : createdMs(await this.#catalog.find(reference));
  }

  async inspect(reference: string): Promise<Record<string, unknown>> {
    const image = await this.#catalog.find(reference);
    return inspectImage(image, await this.#sizes.total(image), this.#client.snapshotter);
  }

  async history(reference: string): Promise<Record<string, unknown>[]> {
    return imageHistory(await this.#catalog.find(reference), this.#sizes);
  }

  /** Gives an image one more name, taking it from another image if need be. */
  async tag(reference: string, repository: string, tag: string): Promise<void> {
    const target = parseReference(repository + (tag === '' ? '' : `:${tag}`));
    if (target.digest !== undefined) throw invalidArgument('refusing to create a tag with a digest reference');
    const image = await this.#catalog.find(reference);
    const name = formatReference(withDefaultTag(target));
    const old = await this.#catalog.findExact(name);
    if (old !== undefined && old.id !== image.id) {
      const known = await this.#catalog.find(old.id);
      if (known.names.length === 1) await this.#names.setDangling(old.manifest);
    }
    await this.#names.set(name, image.manifest);
    await this.#names.removeDangling(image.manifest);
    this.#events.publish('image', 'tag', image.id, { name: familiarReference(withDefaultTag(target)) });
  }

  remove(reference: string, force: boolean): Promise<RemovalRecord[]> {
    this.#unpacked.clear();
    return this.#removal.remove(reference, force);
  }

  prune(filters: Filters): Promise<{ ImagesDeleted: RemovalRecord[] | null; SpaceReclaimed: number }> {
    this.#unpacked.clear();
    return this.#removal.prune(filters);
  }

  /** How many images there are, for `GET /info`. */
  async count(): Promise<number> {
    return (await this.#catalog.list()).length;
  }
}

/** A client that asks for a platform gets it or an error; one that does not ask gets what is there. */
function verifyPlatform(content: ImageContent, reference: string, wanted: ImagePlatform | undefined): void {
  if (wanted === undefined) return;
  const { os, architecture, variant } = content.config;
  const matches =
    os === wanted.os &&
    (wanted.architecture === '' || architecture === wanted.architecture) &&
    (wanted.variant === undefined || variant === undefined || variant === wanted.variant);
  if (matches) return;
  const name = (platform: ImagePlatform): string =>
    [platform.os, platform.architecture, platform.variant].filter(Boolean).join('/');
  throw notFound(
    `image with reference ${reference} was found but does not provide the specified platform (${name(wanted)})`,
  );
}
