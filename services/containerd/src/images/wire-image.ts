/** Images to and from containerd.services.images.v1. */
import { invalidArgument } from '@docker-ts/base/errors';
import type { Image as WireImage } from '@docker-ts/rpc/gen/containerd/services/images/v1/images';
import type { Descriptor as WireDescriptor } from '@docker-ts/rpc/gen/containerd/types/descriptor';
import { nsFromTimestamp, timestampFromNs } from '@docker-ts/rpc/timestamp';
import { byteCount } from '../api/byte-count.ts';
import type { Descriptor, Image } from './image.ts';

export function toWireImage({ name, labels, target, createdNs, updatedNs }: Image): WireImage {
  return {
    name,
    labels: { ...labels },
    target: toWireDescriptor(target),
    createdAt: timestampFromNs(createdNs),
    updatedAt: timestampFromNs(updatedNs),
  };
}

/** @throws invalid_argument without a name. */
export function fromWireImage(image: WireImage | undefined): Image {
  if (!image || image.name === '') throw invalidArgument('Image.Name required');
  const { name, labels, target, createdAt, updatedAt } = image;
  return {
    name,
    labels,
    target: fromWireDescriptor(target),
    createdNs: createdAt ? nsFromTimestamp(createdAt) : 0n,
    updatedNs: updatedAt ? nsFromTimestamp(updatedAt) : 0n,
  };
}

function toWireDescriptor({ mediaType, digest, sizeBytes, annotations }: Descriptor): WireDescriptor {
  return { mediaType, digest, size: BigInt(sizeBytes), annotations: { ...annotations } };
}

function fromWireDescriptor(descriptor: WireDescriptor | undefined): Descriptor {
  const { mediaType = '', digest = '', size = 0n, annotations = {} } = descriptor ?? {};
  return { mediaType, digest, sizeBytes: byteCount(size), annotations };
}
