/** Images in the daemon's metadata (containerd core/metadata/images.go). */
import { alreadyExists, invalidArgument, notFound } from '@docker-ts/base/errors';
import { packAny } from '@docker-ts/rpc/any';
import { ImageCreate, ImageDelete, ImageUpdate as ImageUpdateEvent } from '@docker-ts/rpc/gen/containerd/events/image';
import type { EventPublisher } from '../events/publisher.ts';
import { type FieldReader, mapField, textField } from '../filters/filter.ts';
import { parseFilters } from '../filters/parser.ts';
import { expireLabel } from '../gc/gc-labels.ts';
import { holdResource, releaseResource } from '../leases/lease-resources.ts';
import { applyMapPath } from '../metadata/labels.ts';
import type { Metadata } from '../metadata/metadata.ts';
import { nowNs, type RequestScope } from '../metadata/scope.ts';
import type { Transaction } from '../metadata/transaction.ts';
import { checkImage, type Image, type ImageStore, type ImageUpdate } from './image.ts';

/** An image that was there before a power cut is there after it. */
const durable = true;

export class MetadataImages implements ImageStore {
  readonly #metadata: Metadata;
  readonly #events: EventPublisher;

  constructor(metadata: Metadata, events: EventPublisher) {
    this.#metadata = metadata;
    this.#events = events;
  }

  get({ namespace }: RequestScope, name: string): Image {
    const image = this.#metadata.images.get(namespace, name);
    if (!image) throw missing(name);
    return image;
  }

  list({ namespace }: RequestScope, filters: readonly string[]): Image[] {
    const matches = parseFilters(filters);
    return this.#metadata.images
      .list(namespace)
      .map(([, image]) => image)
      .filter((image) => matches(fieldsOf(image)));
  }

  async create(scope: RequestScope, wanted: Image, epochNs?: bigint): Promise<Image> {
    const { namespace } = scope;
    const image = await this.#metadata.update(durable, (transaction) => {
      checkImage(wanted);
      this.#metadata.ensureNamespace(transaction, namespace);
      this.#holdIfExpiring(transaction, scope, wanted);
      if (this.#metadata.images.has(namespace, wanted.name)) {
        throw alreadyExists(`image ${JSON.stringify(wanted.name)}: already exists`);
      }
      const time = epochNs ?? nowNs();
      const created = { ...wanted, createdNs: time, updatedNs: time };
      transaction.put(this.#metadata.images, namespace, created.name, created);
      return created;
    });
    const { name, labels } = image;
    this.#events.publish(namespace, '/images/create', packAny(ImageCreate, { name, labels }));
    return image;
  }

  async update(scope: RequestScope, wanted: Image, { fieldPaths, epochNs }: ImageUpdate): Promise<Image> {
    const { namespace } = scope;
    const image = await this.#metadata.update(durable, (transaction) => {
      if (wanted.name === '') throw invalidArgument('image name is required for update: invalid argument');
      const current = this.get(scope, wanted.name);
      let next = fieldPaths.length === 0 ? wanted : current;
      for (const path of fieldPaths) next = applyFieldPath(next, wanted, path);
      checkImage(next);
      this.#holdIfExpiring(transaction, scope, next);
      const updated = { ...next, createdNs: current.createdNs, updatedNs: epochNs ?? nowNs() };
      transaction.put(this.#metadata.images, namespace, updated.name, updated);
      if (updated.target.digest !== current.target.digest) transaction.markCollectable();
      return updated;
    });
    const { name, labels } = image;
    this.#events.publish(namespace, '/images/update', packAny(ImageUpdateEvent, { name, labels }));
    return image;
  }

  async delete(scope: RequestScope, name: string, targetDigest?: string): Promise<void> {
    const { namespace } = scope;
    await this.#metadata.update(durable, (transaction) => {
      const { target } = this.get(scope, name);
      if (targetDigest !== undefined && targetDigest !== '' && target.digest !== targetDigest) {
        throw notFound(`image ${JSON.stringify(name)} has target ${target.digest}, not ${targetDigest}: not found`);
      }
      releaseResource(transaction, this.#metadata, scope, { type: 'images', id: name });
      transaction.delete(this.#metadata.images, namespace, name);
      transaction.markCollectable();
    });
    this.#events.publish(namespace, '/images/delete', packAny(ImageDelete, { name }));
  }

  /** Images are roots and need no lease, but for those that expire. */
  #holdIfExpiring(transaction: Transaction, scope: RequestScope, { name, labels }: Image): void {
    if (labels[expireLabel] !== undefined) {
      holdResource(transaction, this.#metadata, scope, { type: 'images', id: name });
    }
  }
}

const missing = (name: string): Error => notFound(`image ${JSON.stringify(name)}: not found`);

function applyFieldPath(current: Image, wanted: Image, path: string): Image {
  const { target } = current;
  const labels = applyMapPath('labels', path, current.labels, wanted.labels);
  if (labels) return { ...current, labels };
  const annotations = applyMapPath('annotations', path, target.annotations, wanted.target.annotations);
  if (annotations) return { ...current, target: { ...target, annotations } };
  switch (path) {
    case 'labels':
      return { ...current, labels: wanted.labels };
    case 'target':
      return { ...current, target: wanted.target };
    case 'annotations':
      return { ...current, target: { ...target, annotations: wanted.target.annotations } };
    default:
      throw invalidArgument(
        `cannot update ${JSON.stringify(path)} field on image ${JSON.stringify(wanted.name)}: invalid argument`,
      );
  }
}

function fieldsOf({ name, target, labels }: Image): FieldReader {
  return ([field = '', ...rest]) => {
    switch (field) {
      case 'name':
        return textField(name);
      case 'target':
        if (rest[0] === 'digest') return textField(target.digest);
        return rest[0] === 'mediatype' ? textField(target.mediaType) : undefined;
      case 'labels':
        return mapField(rest, labels);
      case 'annotations':
        return mapField(rest, target.annotations);
      default:
        return undefined;
    }
  };
}
