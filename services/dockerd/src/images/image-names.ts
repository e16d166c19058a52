/** Names in containerd's image store: given, moved and taken away. */
import { isCode } from '@docker-ts/base/errors';
import type { ContainerdClient } from '../client/containerd.ts';
import type { BlobDescriptor } from './image-config.ts';
import { danglingPrefix } from './image-catalog.ts';

export class ImageNames {
  readonly #client: ContainerdClient;

  constructor(client: ContainerdClient) {
    this.#client = client;
  }

  /** Points `name` to a manifest, wherever it pointed before. */
  async set(name: string, { mediaType, digest, size }: BlobDescriptor): Promise<void> {
    const image = { name, target: { mediaType, digest, size: BigInt(size) } };
    try {
      await this.#client.images.create({ image });
    } catch (error) {
      if (!isCode(error, 'already_exists')) throw error;
      await this.#client.images.update({ image, updateMask: ['target'] });
    }
  }

  /** Keeps an image that has no tag (any more). */
  setDangling(manifest: BlobDescriptor): Promise<void> {
    return this.set(danglingPrefix + manifest.digest, manifest);
  }

  /** An image that got a tag needs its placeholder no more. */
  removeDangling(manifest: BlobDescriptor): Promise<void> {
    return this.remove(danglingPrefix + manifest.digest);
  }

  /** Takes a name away. With `collect` the call answers after the garbage collector freed what only it held. */
  async remove(name: string, collect = false): Promise<void> {
    try {
      await this.#client.images.delete({ name, sync: collect });
    } catch (error) {
      if (!isCode(error, 'not_found')) throw error;
    }
  }
}
