/**
 * A writer of a namespace. Mostly it passes on to the blob store's writer; one that *shares* bytes which are there already opens
 * that only if the client writes after all, and then begins with a copy.
 */
import { alreadyExists, failedPrecondition } from '@docker-ts/base/errors';
import { packAny } from '@docker-ts/rpc/any';
import { ContentCreate } from '@docker-ts/rpc/gen/containerd/events/content';
import type { EventPublisher } from '../events/publisher.ts';
import { holdResource, releaseResource } from '../leases/lease-resources.ts';
import { checkLabels, type Labels } from '../metadata/labels.ts';
import type { Metadata } from '../metadata/metadata.ts';
import { nowNs, type RequestScope } from '../metadata/scope.ts';
import type { BlobStore } from './blob-store.ts';
import type { CommitOptions, ContentWriter, IngestStatus, WriterOptions } from './content.ts';
import type { IngestWriter } from './ingest-writer.ts';

export interface NamespacedWriterContext {
  readonly metadata: Metadata;
  readonly blobs: BlobStore;
  readonly events: EventPublisher;
  readonly scope: RequestScope;
  readonly ref: string;
  readonly backendRef: string;
}

const copyChunkBytes = 1 << 20;

export class NamespacedWriter implements ContentWriter {
  readonly #context: NamespacedWriterContext;
  /** What the client has announced; while nothing is written, the shared blob. */
  readonly #wanted: WriterOptions;
  readonly #startedNs = nowNs();
  #inner: IngestWriter | undefined;

  private constructor(context: NamespacedWriterContext, wanted: WriterOptions, inner: IngestWriter | undefined) {
    this.#context = context;
    this.#wanted = wanted;
    this.#inner = inner;
  }

  /** A writer whose bytes come from the client. */
  static async begin(context: NamespacedWriterContext, wanted: WriterOptions): Promise<NamespacedWriter> {
    const inner = await context.blobs.writer({ ...wanted, ref: context.backendRef });
    return new NamespacedWriter(context, wanted, inner);
  }

  /** A writer for a blob that another namespace has: `wanted` says digest and size. */
  static share(context: NamespacedWriterContext, wanted: WriterOptions): NamespacedWriter {
    return new NamespacedWriter(context, wanted, undefined);
  }

  status(): IngestStatus {
    const { ref } = this.#context;
    if (this.#inner) return { ...this.#inner.status(), ref };
    const { totalBytes, expected } = this.#wanted;
    const times = { startedNs: this.#startedNs, updatedNs: this.#startedNs };
    return { ref, offsetBytes: totalBytes, totalBytes, expected, ...times };
  }

  digest(): string {
    return this.#inner?.digest() ?? this.#wanted.expected;
  }

  async write(data: Uint8Array): Promise<void> {
    if (data.length === 0) return;
    this.#inner ??= await this.#unshare(this.#wanted.totalBytes);
    await this.#inner.write(data);
  }

  async truncate(): Promise<void> {
    if (this.#inner) await this.#inner.truncate();
    else this.#inner = await this.#unshare(0);
  }

  async commit(options: CommitOptions): Promise<void> {
    const { blobs, events, scope } = this.#context;
    try {
      checkLabels(options.labels, 'info.Labels');
      const { offsetBytes: sizeBytes } = this.status();
      const digest = await this.#seal(options, sizeBytes);
      using _held = this.#inner ? await blobs.publish(this.#inner, digest) : undefined;
      const isNew = await this.#record(digest, sizeBytes, options.labels);
      if (!isNew) throw alreadyExists(`content ${digest}: already exists`);
      events.publish(scope.namespace, '/content/create', packAny(ContentCreate, { digest, size: BigInt(sizeBytes) }));
    } finally {
      await this[Symbol.asyncDispose]();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#inner?.close();
  }

  async #seal({ sizeBytes, expected }: CommitOptions, actualBytes: number): Promise<string> {
    const quotedRef = JSON.stringify(this.#context.ref);
    if (sizeBytes > 0 && sizeBytes !== actualBytes) {
      throw failedPrecondition(
        `${quotedRef} failed size validation: ${actualBytes} != ${sizeBytes}: failed precondition`,
      );
    }
    if (this.#inner) return this.#inner.seal(sizeBytes, expected);
    if (expected !== '' && expected !== this.#wanted.expected) {
      throw failedPrecondition(`${quotedRef} unexpected digest: failed precondition`);
    }
    return this.#wanted.expected;
  }

  /** Turns the ingest's record into the blob's; answers false if the namespace had the blob already. */
  #record(digest: string, sizeBytes: number, labels: Labels): Promise<boolean> {
    const { metadata, scope, ref } = this.#context;
    const { namespace } = scope;
    return metadata.update(true, (transaction) => {
      const isNew = !metadata.content.has(namespace, digest);
      if (isNew) {
        const time = nowNs();
        metadata.ensureNamespace(transaction, namespace);
        const row = { sizeBytes, labels, createdNs: time, updatedNs: time };
        transaction.put(metadata.content, namespace, digest, row);
      }
      if (metadata.ingests.has(namespace, ref)) transaction.delete(metadata.ingests, namespace, ref);
      releaseResource(transaction, metadata, scope, { type: 'ingests', id: ref });
      holdResource(transaction, metadata, scope, { type: 'content', id: digest });
      return isNew;
    });
  }

  /** Opens an ingest of its own with the first `bytes` of the shared blob. */
  async #unshare(bytes: number): Promise<IngestWriter> {
    const { blobs, backendRef } = this.#context;
    const inner = await blobs.writer({ ...this.#wanted, ref: backendRef, totalBytes: 0 });
    try {
      if (inner.status().offsetBytes > 0) await inner.truncate();
      if (bytes === 0) return inner;
      await using reader = await blobs.reader(this.#wanted.expected);
      for (let offset = 0; offset < bytes; offset += copyChunkBytes) {
        await inner.write(await reader.read(offset, Math.min(copyChunkBytes, bytes - offset)));
      }
      return inner;
    } catch (error) {
      await inner.close();
      throw error;
    }
  }
}
