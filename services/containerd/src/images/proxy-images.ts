/** The image store of a daemon behind a connection. */
import { internal } from '@docker-ts/base/errors';
import type { Image as WireImage, ImagesDefinition } from '@docker-ts/rpc/gen/containerd/services/images/v1/images';
import type { ClientOf } from '@docker-ts/rpc/service';
import { timestampFromNs } from '@docker-ts/rpc/timestamp';
import { scopedCall } from '../api/scoped-call.ts';
import type { RequestScope } from '../metadata/scope.ts';
import type { Image, ImageStore, ImageUpdate } from './image.ts';
import { fromWireImage, toWireImage } from './wire-image.ts';

export class ProxyImages implements ImageStore {
  readonly #client: ClientOf<ImagesDefinition>;

  constructor(client: ClientOf<ImagesDefinition>) {
    this.#client = client;
  }

  async get(scope: RequestScope, name: string): Promise<Image> {
    return answered((await this.#client.get({ name }, scopedCall(scope))).image);
  }

  async list(scope: RequestScope, filters: readonly string[]): Promise<Image[]> {
    const { images } = await this.#client.list({ filters: [...filters] }, scopedCall(scope));
    return images.map((image) => fromWireImage(image));
  }

  async create(scope: RequestScope, image: Image, epochNs?: bigint): Promise<Image> {
    const request = {
      image: toWireImage(image),
      ...(epochNs !== undefined && { sourceDateEpoch: timestampFromNs(epochNs) }),
    };
    return answered((await this.#client.create(request, scopedCall(scope))).image);
  }

  async update(scope: RequestScope, image: Image, { fieldPaths, epochNs }: ImageUpdate): Promise<Image> {
    const request = {
      image: toWireImage(image),
      updateMask: [...fieldPaths],
      ...(epochNs !== undefined && { sourceDateEpoch: timestampFromNs(epochNs) }),
    };
    return answered((await this.#client.update(request, scopedCall(scope))).image);
  }

  async delete(scope: RequestScope, name: string, targetDigest?: string): Promise<void> {
    const target = targetDigest === undefined ? {} : { target: { digest: targetDigest } };
    await this.#client.delete({ name, ...target }, scopedCall(scope));
  }
}

function answered(image: WireImage | undefined): Image {
  if (!image) throw internal('cannot read the answer: it holds no image');
  return fromWireImage(image);
}
