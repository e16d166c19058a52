/**
 * One collection: mark, take what is garbage out of the metadata, then remove files. Marking and the change of the metadata are one turn of the
 * event loop, so no request comes between; whatever a request makes afterwards is none of this collection's business.
 */
import { packAny } from '@docker-ts/rpc/any';
import { ImageDelete } from '@docker-ts/rpc/gen/containerd/events/image';
import type { BlobStore } from '../content/blob-store.ts';
import type { EventPublisher } from '../events/publisher.ts';
import { resourceScope } from '../leases/lease-resources.ts';
import type { Metadata } from '../metadata/metadata.ts';
import type { Table } from '../metadata/table.ts';
import type { Transaction } from '../metadata/transaction.ts';
import { Marking } from './mark.ts';
import type { CollectableSnapshots } from './resource.ts';

export interface CollectorOptions {
  readonly metadata: Metadata;
  readonly blobs: BlobStore;
  readonly snapshots: readonly CollectableSnapshots[];
  readonly events: EventPublisher;
}

/** What a collection did. */
export interface CollectionStats {
  /** How long requests had to wait for it. */
  readonly pauseMs: number;
  /** Objects that went. */
  readonly removed: number;
}

export class Collector {
  readonly #options: CollectorOptions;
  /** Rows of content and ingests that had gone when files were last swept; the first collection looks for what a crash left behind. */
  #sweptRemovals = -1;

  constructor(options: CollectorOptions) {
    this.#options = options;
  }

  async collect(): Promise<CollectionStats> {
    const { metadata, snapshots, events } = this.#options;
    const startMs = performance.now();
    const marking = Marking.run(metadata, snapshots, Date.now());
    const discarded = snapshots.map((snapshotter) => discardSnapshots(snapshotter, marking));
    const images: { namespace: string; name: string }[] = [];
    let removed = 0;
    const written = metadata.update(false, (transaction) => {
      removed += this.#removeContent(transaction, marking);
      removed += this.#removeLeases(transaction, marking);
      for (const [namespace, name, image] of rowsOf(metadata.images)) {
        if (!marking.isExpired(image.labels) || marking.has(namespace, 'images', name)) continue;
        transaction.delete(metadata.images, namespace, name);
        images.push({ namespace, name });
      }
    });
    const pauseMs = performance.now() - startMs;
    await written;
    for (const { namespace, name } of images)
      events.publish(namespace, '/images/delete', packAny(ImageDelete, { name }));
    const snapshotCounts = await Promise.all(discarded);
    await this.#sweepFiles();
    return { pauseMs, removed: snapshotCounts.reduce((sum, count) => sum + count, removed + images.length) };
  }

  #removeContent(transaction: Transaction, marking: Marking): number {
    const { metadata } = this.#options;
    const count = transaction.operations.length;
    for (const [namespace, digest] of rowsOf(metadata.content)) {
      if (!marking.has(namespace, 'content', digest)) transaction.delete(metadata.content, namespace, digest);
    }
    for (const [namespace, ref] of rowsOf(metadata.ingests)) {
      if (!marking.has(namespace, 'ingests', ref)) transaction.delete(metadata.ingests, namespace, ref);
    }
    return transaction.operations.length - count;
  }

  #removeLeases(transaction: Transaction, marking: Marking): number {
    const { leases, leaseResources } = this.#options.metadata;
    let count = 0;
    for (const [namespace, id] of rowsOf(leases)) {
      if (marking.has(namespace, 'leases', id)) continue;
      transaction.delete(leases, namespace, id);
      const scope = resourceScope(namespace, id);
      for (const [resource] of leaseResources.list(scope)) transaction.delete(leaseResources, scope, resource);
      count += 1;
    }
    return count;
  }

  /** Files go by what the metadata says when they are looked at: rows may have gone by a request as well as by this collection. */
  async #sweepFiles(): Promise<void> {
    const { metadata, blobs } = this.#options;
    const removals = metadata.content.removals + metadata.ingests.removals;
    if (removals === this.#sweptRemovals) return;
    await blobs.sweep({
      keepsBlob: (digest) => isKept(metadata, digest),
      keepsIngest: (backendRef) => isIngested(metadata, backendRef),
    });
    this.#sweptRemovals = removals;
  }
}

async function discardSnapshots(snapshots: CollectableSnapshots, marking: Marking): Promise<number> {
  const type = `snapshots/${snapshots.name}`;
  const garbage = [...snapshots.records()].filter(({ namespace, key }) => !marking.has(namespace, type, key));
  if (garbage.length > 0) await snapshots.discard(garbage);
  return garbage.length;
}

function* rowsOf<Row>(table: Table<Row>): Generator<[namespace: string, id: string, row: Row]> {
  for (const namespace of table.scopes()) {
    for (const [id, row] of table.rows(namespace)) yield [namespace, id, row];
  }
}

function isKept(metadata: Metadata, digest: string): boolean {
  for (const namespace of metadata.content.scopes()) if (metadata.content.has(namespace, digest)) return true;
  for (const [, , { expected }] of rowsOf(metadata.ingests)) if (expected === digest) return true;
  return false;
}

function isIngested(metadata: Metadata, backendRef: string): boolean {
  for (const [, , ingest] of rowsOf(metadata.ingests)) if (ingest.backendRef === backendRef) return true;
  return false;
}
