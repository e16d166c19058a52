/**
 * Makes an image's layers into a chain of snapshots: for each layer Snapshots.Prepare on the parent, Diff.Apply, Commit under the
 * chain's id, as containerd's own client does, so that `ctr run` and dockerd share them.
 */
import { type CodedError, internal, invalidArgument, isCode, messageOf } from '@docker-ts/base/errors';
import { chainIds } from '@docker-ts/oci/chain-id';
import type { Digest } from '@docker-ts/oci/digest';
import { randomBytes } from 'node:crypto';
import type { ContainerdClient } from '../client/containerd.ts';
import type { BlobDescriptor } from './image-config.ts';
import type { Lease } from './lease.ts';

/** Told before and after each layer that had to be unpacked. */
export type LayerProgress = (layer: {
  readonly diffId: string;
  readonly sizeBytes: number;
  readonly done: boolean;
}) => void;

export class Unpacker {
  readonly #client: ContainerdClient;

  constructor(client: ContainerdClient) {
    this.#client = client;
  }

  /** True if a committed snapshot of this name exists. */
  async has(chainId: string): Promise<boolean> {
    try {
      await this.#client.snapshots.stat({ snapshotter: this.#client.snapshotter, key: chainId });
      return true;
    } catch (error) {
      if (isCode(error, 'not_found')) return false;
      throw error;
    }
  }

  /** Unpacks what is not there yet and answers the name of the topmost snapshot; `""` for an image without layers. */
  async unpack(
    layers: readonly BlobDescriptor[],
    diffIds: readonly Digest[],
    lease: Lease,
    progress: LayerProgress = () => {},
  ): Promise<string> {
    if (layers.length !== diffIds.length)
      throw invalidArgument(`invalid image: ${layers.length} layers, but ${diffIds.length} diff_ids`);
    const chain = chainIds(diffIds);
    const top = chain.at(-1);
    if (top === undefined) return '';
    for (const [index, layer] of layers.entries()) {
      const name = chain[index] ?? '';
      const diffId = diffIds[index] ?? '';
      if (await this.has(name)) {
        await this.#hold(name, lease);
        continue;
      }
      progress({ diffId, sizeBytes: layer.size, done: false });
      await this.#apply(layer, chain[index - 1] ?? '', { name, diffId }, lease);
      progress({ diffId, sizeBytes: layer.size, done: true });
    }
    return top;
  }

  /** Unpacks a layer whose diffID is not known beforehand, on nothing; answers it. */
  async unpackBase(layer: BlobDescriptor, lease: Lease): Promise<string> {
    return this.#apply(layer, '', undefined, lease);
  }

  async #apply(
    layer: BlobDescriptor,
    parent: string,
    expected: { readonly name: string; readonly diffId: string } | undefined,
    lease: Lease,
  ): Promise<string> {
    const { snapshotter, snapshots, diff } = this.#client;
    const options = { metadata: lease.metadata };
    const key = `extract-${randomBytes(8).toString('hex')} ${expected?.name ?? layer.digest}`;
    const labels: Record<string, string> =
      expected === undefined ? {} : { 'containerd.io/snapshot.ref': expected.name };
    const { mounts } = await snapshots.prepare({ snapshotter, key, parent, labels }, options);
    try {
      const { applied } = await diff.apply(
        { diff: { ...layer, size: BigInt(layer.size), annotations: {} }, mounts },
        options,
      );
      if (applied === undefined) throw internal(`cannot apply layer "${layer.digest}": containerd gave no answer`);
      if (expected !== undefined && applied.digest !== expected.diffId)
        throw invalidArgument(
          `failed to register layer: wrong diff id calculated on extraction "${applied.digest}", expected "${expected.diffId}"`,
        );
      await snapshots.commit({ snapshotter, name: expected?.name ?? applied.digest, key, labels }, options);
      return applied.digest;
    } catch (error) {
      await snapshots.remove({ snapshotter, key }).catch(() => {});
      // Another load has just made the same snapshot.
      if (isCode(error, 'already_exists')) {
        if (expected !== undefined) await this.#hold(expected.name, lease);
        return expected?.diffId ?? this.#existingDiffId(layer, error);
      }
      throw error;
    }
  }

  /** containerd notes the uncompressed digest on the blob when it applies it. */
  async #existingDiffId(layer: BlobDescriptor, cause: unknown): Promise<string> {
    const { info } = await this.#client.content.info({ digest: layer.digest });
    const diffId = info?.labels['containerd.io/uncompressed'];
    if (diffId === undefined) throw unpackFailure(layer, cause);
    return diffId;
  }

  async #hold(name: string, lease: Lease): Promise<void> {
    const resource = { id: name, type: `snapshots/${this.#client.snapshotter}` };
    await this.#client.leases.addResource({ id: lease.id, resource });
  }
}

const unpackFailure = (layer: BlobDescriptor, cause: unknown): CodedError =>
  internal(`cannot unpack layer "${layer.digest}": ${messageOf(cause)}`, cause);
