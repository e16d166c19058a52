/** containerd.services.images.v1.Images: the gRPC edge. */
import type { ImagesDefinition } from '@docker-ts/rpc/gen/containerd/services/images/v1/images';
import type { Timestamp } from '@docker-ts/rpc/gen/google/protobuf/timestamp';
import type { ServiceImplementation } from '@docker-ts/rpc/service';
import { nsFromTimestamp } from '@docker-ts/rpc/timestamp';
import { requestScope } from '../api/request-scope.ts';
import type { ImageStore } from './image.ts';
import { fromWireImage, toWireImage } from './wire-image.ts';

export interface ImagesServiceOptions {
  readonly store: ImageStore;
  /** Settles when garbage that is there now has been collected. */
  readonly collectGarbage: () => Promise<void>;
}

export function createImagesService(options: ImagesServiceOptions): ServiceImplementation<typeof ImagesDefinition> {
  const { store, collectGarbage } = options;
  return {
    async get({ name }, context) {
      return { image: toWireImage(await store.get(requestScope(context), name)) };
    },
    async list({ filters }, context) {
      const images = await store.list(requestScope(context), filters);
      return { images: images.map((image) => toWireImage(image)) };
    },
    async create({ image, sourceDateEpoch }, context) {
      const scope = requestScope(context);
      return { image: toWireImage(await store.create(scope, fromWireImage(image), epochNs(sourceDateEpoch))) };
    },
    async update({ image, updateMask, sourceDateEpoch }, context) {
      const scope = requestScope(context);
      const epoch = epochNs(sourceDateEpoch);
      const updated = await store.update(scope, fromWireImage(image), {
        fieldPaths: updateMask ?? [],
        ...(epoch !== undefined && { epochNs: epoch }),
      });
      return { image: toWireImage(updated) };
    },
    async delete({ name, sync, target }, context) {
      await store.delete(requestScope(context), name, target?.digest);
      if (sync) await collectGarbage();
      return {};
    },
  };
}

const epochNs = (epoch: Timestamp | undefined): bigint | undefined => epoch && nsFromTimestamp(epoch);
