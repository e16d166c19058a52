/** containerd.services.images.v1.Images: the gRPC edge. */
import { invalidArgument } from '@docker-ts/base/errors';
import type { Image as WireImage, ImagesDefinition } from '@docker-ts/rpc/gen/containerd/services/images/v1/images';
import type { Timestamp } from '@docker-ts/rpc/gen/google/protobuf/timestamp';
import type { ServiceImplementation } from '@docker-ts/rpc/service';
import { nsFromTimestamp, timestampFromNs } from '@docker-ts/rpc/timestamp';
import { byteCount } from '../api/byte-count.ts';
import { requestScope } from '../api/request-scope.ts';
import type { Image, ImageStore } from './image.ts';

export interface ImagesServiceOptions {
  readonly store: ImageStore;
  /** Settles when garbage that is there now has been collected. */
  readonly collectGarbage: () => Promise<void>;
}

export function createImagesService(options: ImagesServiceOptions): ServiceImplementation<typeof ImagesDefinition> {
  const { store, collectGarbage } = options;
  return {
    async get({ name }, context) {
      return { image: toWire(await store.get(requestScope(context), name)) };
    },
    async list({ filters }, context) {
      const images = await store.list(requestScope(context), filters);
      return { images: images.map((image) => toWire(image)) };
    },
    async create({ image, sourceDateEpoch }, context) {
      const scope = requestScope(context);
      return { image: toWire(await store.create(scope, fromWire(image), epochNs(sourceDateEpoch))) };
    },
    async update({ image, updateMask, sourceDateEpoch }, context) {
      const scope = requestScope(context);
      const epoch = epochNs(sourceDateEpoch);
      const updated = await store.update(scope, fromWire(image), {
        fieldPaths: updateMask ?? [],
        ...(epoch !== undefined && { epochNs: epoch }),
      });
      return { image: toWire(updated) };
    },
    async delete({ name, sync, target }, context) {
      await store.delete(requestScope(context), name, target?.digest);
      if (sync) await collectGarbage();
      return {};
    },
  };
}

const epochNs = (epoch: Timestamp | undefined): bigint | undefined => epoch && nsFromTimestamp(epoch);

function toWire({ name, labels, target, createdNs, updatedNs }: Image): WireImage {
  const { mediaType, digest, sizeBytes, annotations } = target;
  return {
    name,
    labels: { ...labels },
    target: { mediaType, digest, size: BigInt(sizeBytes), annotations: { ...annotations } },
    createdAt: timestampFromNs(createdNs),
    updatedAt: timestampFromNs(updatedNs),
  };
}

function fromWire(image: WireImage | undefined): Image {
  if (!image || image.name === '') throw invalidArgument('Image.Name required');
  const { mediaType = '', digest = '', size = 0n, annotations = {} } = image.target ?? {};
  return {
    name: image.name,
    labels: image.labels,
    target: { mediaType, digest, sizeBytes: byteCount(size), annotations },
    createdNs: 0n,
    updatedNs: 0n,
  };
}
