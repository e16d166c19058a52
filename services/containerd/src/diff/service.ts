/** containerd.services.diff.v1.Diff: unpacking layers onto mounts. */
import { closeSync, constants, openSync } from 'node:fs';
import { invalidArgument, unimplemented } from '@docker-ts/base/errors';
import { syncFileSystem } from '@docker-ts/linux/inode';
import { TarReader } from '@docker-ts/oci/tar-reader';
import type { DiffDefinition } from '@docker-ts/rpc/gen/containerd/services/diff/v1/diff';
import type { CallContext, ServiceImplementation } from '@docker-ts/rpc/service';
import type { Mount } from '../mounts/mount.ts';
import { fromWireMount } from '../mounts/wire-mount.ts';
import { openApplyTarget } from './apply-target.ts';
import { LayerStream } from './layer-stream.ts';
import { LayerWriter } from './layer-writer.ts';
import { mediaType } from '@docker-ts/oci/media-types';
import { checkLayerMediaType } from './media-type.ts';

/** A blob of the content store. */
export interface LayerBlob extends AsyncDisposable {
  readonly sizeBytes: number;
  /** Fewer bytes than `length` at the end. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

export interface DiffServiceOptions {
  /** @throws not_found. */
  readonly openBlob: (namespace: string, digest: string) => Promise<LayerBlob>;
  /** Where mounts that cannot be written to directly are mounted meanwhile. */
  readonly tempFolder: string;
  /** The namespace of a call. @throws failed_precondition or invalid_argument for a missing or bad one. */
  readonly namespaceOf: (context: CallContext) => string;
}

export interface AppliedLayer {
  /** The diffID. */
  readonly digest: string;
  /** Uncompressed. */
  readonly sizeBytes: number;
}

/** Unpacks a layer blob, compressed or not, onto mounts. On failure the mounts hold a part of it: their snapshot is to be removed. */
export async function applyLayer(
  blob: AsyncIterable<Uint8Array>,
  mounts: readonly Mount[],
  options: { tempFolder: string; syncFs: boolean; signal: AbortSignal },
): Promise<AppliedLayer> {
  using target = openApplyTarget(mounts, options.tempFolder);
  const stream = new LayerStream(blob);
  const reader = new TarReader(stream);
  try {
    using writer = new LayerWriter(target);
    await writer.write(reader, options.signal);
    // the digest covers what stands behind the archive, too
    await reader.drain();
  } finally {
    await reader.close();
  }
  if (options.syncFs) syncTree(target.root);
  return { digest: stream.digest(), sizeBytes: stream.sizeBytes };
}

const pieceBytes = 1024 * 1024;

async function* pieces(blob: LayerBlob): AsyncGenerator<Uint8Array> {
  for (let offset = 0; offset < blob.sizeBytes;) {
    const bytes = await blob.read(offset, pieceBytes);
    if (bytes.length === 0) return;
    offset += bytes.length;
    yield bytes;
  }
}

function syncTree(path: string): void {
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    syncFileSystem(fd);
  } finally {
    closeSync(fd);
  }
}

/** The service over the daemon's content. */
export function createDiffService(options: DiffServiceOptions): ServiceImplementation<typeof DiffDefinition> {
  return {
    async apply({ diff, mounts, syncFs }, context) {
      if (!diff || diff.digest === '') throw invalidArgument('cannot apply a diff without a descriptor');
      checkLayerMediaType(diff.mediaType);
      await using blob = await options.openBlob(options.namespaceOf(context), diff.digest);
      const applied = await applyLayer(pieces(blob), mounts.map(fromWireMount), {
        tempFolder: options.tempFolder,
        syncFs,
        signal: context.signal,
      });
      const size = BigInt(applied.sizeBytes);
      return { applied: { mediaType: mediaType.layer, digest: applied.digest, size } };
    },
    async diff() {
      throw unimplemented('cannot compute a diff: comparing snapshots is not supported: not implemented');
    },
  };
}
