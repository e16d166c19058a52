/**
 * `docker rmi` and `docker image prune`: names are taken away, and an image whose last name went is collected by containerd with
 * what nothing else holds. Which references may go when, and the words of each refusal, are dockerd 28's.
 */
import { conflict } from '@docker-ts/base/errors';
import {
  familiarReference,
  formatReference,
  parseReference,
  repositoryOf,
  withDefaultTag,
} from '@docker-ts/oci/reference';
import type { Filters } from '../filters/filters.ts';
import type { ImageUsers } from '../containers/ports.ts';
import type { EventSink } from '../events/bus.ts';
import { type CatalogImage, danglingPrefix, type ImageCatalog, repoTags, tryParseReference } from './image-catalog.ts';
import { createdMs, isDangling, booleanFilter, matchesLabels, parseUntil } from './image-filters.ts';
import type { ImageNames } from './image-names.ts';
import type { LayerSizes } from './image-views.ts';
import type { Unpacker } from './unpacker.ts';

export type RemovalRecord = { readonly Untagged: string } | { readonly Deleted: string };

export interface RemovalDependencies {
  readonly catalog: ImageCatalog;
  readonly names: ImageNames;
  readonly unpacker: Unpacker;
  readonly sizes: LayerSizes;
  readonly users: ImageUsers;
  readonly events: EventSink;
}

const shortId = (id: string): string => id.replace(/^sha256:/, '').slice(0, 12);

export class ImageRemoval {
  readonly #with: RemovalDependencies;

  constructor(dependencies: RemovalDependencies) {
    this.#with = dependencies;
  }

  /**
   * Removes what `reference` means: a name is untagged, and the image deleted if it was the last one; an id deletes the image with
   * its names, if they are of one repository or `force` is set.
   */
  async remove(reference: string, force: boolean): Promise<RemovalRecord[]> {
    const image = await this.#with.catalog.find(reference);
    const isId = image.id.startsWith(`sha256:${reference.replace(/^sha256:/, '')}`);
    return isId ? this.#removeById(image, force) : this.#removeByName(image, reference, force);
  }

  async #removeByName(image: CatalogImage, reference: string, force: boolean): Promise<RemovalRecord[]> {
    const { users } = this.#with;
    const [user] = users.usersOf(image.id);
    if (!force && isSingleReference(image) && user !== undefined)
      throw conflict(
        `conflict: unable to remove repository reference "${reference}" (must force) - container ${shortId(user.containerId)} is using its referenced image ${shortId(image.id)}`,
      );
    const name = formatReference(withDefaultTag(parseReference(reference)));
    const others = image.names.filter((other) => other !== name && !other.startsWith(danglingPrefix));
    if (others.length > 0) return [await this.#untag(image, name)];
    // The image stays, without a name, as long as somebody runs it.
    if (users.usersOf(image.id).some(({ running }) => running)) {
      await this.#with.names.setDangling(image.manifest);
      return [await this.#untag(image, name)];
    }
    return this.#delete(image);
  }

  async #removeById(image: CatalogImage, force: boolean): Promise<RemovalRecord[]> {
    const users = this.#with.users.usersOf(image.id);
    const refuse = (how: string, why: string): Error =>
      conflict(`conflict: unable to delete ${shortId(image.id)} (${how}) - ${why}`);
    const running = users.find((user) => user.running);
    if (running !== undefined)
      throw refuse('cannot be forced', `image is being used by running container ${shortId(running.containerId)}`);
    if (!force && !isSingleReference(image) && repoTags(image.names).length > 0)
      throw refuse('must be forced', 'image is referenced in multiple repositories');
    if (!force && users[0] !== undefined)
      throw refuse('must be forced', `image is being used by stopped container ${shortId(users[0].containerId)}`);
    return this.#delete(image);
  }

  async #untag(image: CatalogImage, name: string): Promise<RemovalRecord> {
    const reference = tryParseReference(name);
    await this.#with.names.remove(name);
    this.#with.events.publish('image', 'untag', image.id, { name: image.id });
    return { Untagged: reference === undefined ? name : familiarReference(reference) };
  }

  /** All names, then what the collector takes; snapshots that a container stands on stay. */
  async #delete(image: CatalogImage): Promise<RemovalRecord[]> {
    const records: RemovalRecord[] = [];
    for (const name of image.names) if (!name.startsWith(danglingPrefix)) records.push(await this.#untag(image, name));
    // Removing the placeholder, which may not even exist, waits for the collection.
    await this.#with.names.setDangling(image.manifest);
    await this.#with.names.remove(danglingPrefix + image.manifest.digest, true);
    records.push({ Deleted: image.id });
    for (const chainId of image.chainIds.toReversed())
      if (!(await this.#with.unpacker.has(chainId))) records.push({ Deleted: chainId });
    this.#with.events.publish('image', 'delete', image.id, { name: image.id });
    return records;
  }

  /** Deletes images that no container uses: dangling ones, or with `dangling=false` all. */
  async prune(filters: Filters): Promise<{ ImagesDeleted: RemovalRecord[] | null; SpaceReclaimed: number }> {
    const danglingOnly = booleanFilter(filters, 'dangling') ?? true;
    const until = filters.get('until')?.map((text) => parseUntil(text)) ?? [];
    const excluded = filters.get('label!') ?? [];
    const deleted: RemovalRecord[] = [];
    let reclaimed = 0;
    for (const image of await this.#with.catalog.list()) {
      const labels = image.config.config?.Labels;
      if (danglingOnly && !isDangling(image)) continue;
      if (this.#with.users.usersOf(image.id).length > 0) continue;
      if (until.some((moment) => createdMs(image) > moment)) continue;
      if (!matchesLabels(filters.get('label'), labels)) continue;
      if (excluded.some((word) => matchesLabels([word], labels))) continue;
      const sizes = new Map<string, number>();
      for (const chainId of image.chainIds) sizes.set(chainId, await this.#with.sizes.of(chainId));
      const records = await this.#delete(image);
      for (const record of records) if ('Deleted' in record) reclaimed += sizes.get(record.Deleted) ?? 0;
      deleted.push(...records);
    }
    this.#with.events.publish('image', 'prune', '', { reclaimed: String(reclaimed) });
    return { ImagesDeleted: deleted.length === 0 ? null : deleted, SpaceReclaimed: reclaimed };
  }
}

function repositoryName(name: string): string {
  const reference = tryParseReference(name);
  return reference === undefined ? name : repositoryOf(reference);
}

/** One tag, or several of one repository. */
function isSingleReference(image: CatalogImage): boolean {
  const references = image.names.flatMap((name) => (name.startsWith(danglingPrefix) ? [] : [repositoryName(name)]));
  const tagged = repoTags(image.names);
  return references.length <= 1 || (new Set(references).size === 1 && tagged.length <= 1);
}
