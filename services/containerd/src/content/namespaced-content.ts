/**
 * Content as the clients of a namespace see it (containerd core/metadata/content.go): the metadata says which namespace knows which blob
 * and ingest, the blob store has the bytes.
 *
 * Sharing: under the `shared` policy a namespace that wants a blob which another one has only needs to name its digest; under `isolated`
 * it must bring the bytes, unless the namespace that has them carries the label `containerd.io/namespace.shareable`.
 */
import { alreadyExists, invalidArgument, isCode, notFound } from '@docker-ts/base/errors';
import { packAny } from '@docker-ts/rpc/any';
import { ContentDelete } from '@docker-ts/rpc/gen/containerd/events/content';
import type { EventPublisher } from '../events/publisher.ts';
import { type FieldReader, mapField, textField } from '../filters/filter.ts';
import { parseFilters } from '../filters/parser.ts';
import { holdResource, releaseResource } from '../leases/lease-resources.ts';
import { applyMapPath, checkLabels, type Labels } from '../metadata/labels.ts';
import { type Metadata, rootScope } from '../metadata/metadata.ts';
import { nowNs, type RequestScope } from '../metadata/scope.ts';
import type { BlobStore } from './blob-store.ts';
import type { BlobInfo, ContentReader, ContentStore, ContentWriter, IngestStatus, WriterOptions } from './content.ts';
import type { BlobRow } from './content-rows.ts';
import { NamespacedWriter } from './namespaced-writer.ts';

export type SharingPolicy = 'shared' | 'isolated';

const shareableLabel = 'containerd.io/namespace.shareable';

/** How long an ingest without a lease may lie about. */
const ingestLifeMs = 24 * 60 * 60 * 1000;

export interface NamespacedContentOptions {
  readonly metadata: Metadata;
  readonly blobs: BlobStore;
  readonly events: EventPublisher;
  readonly sharing: SharingPolicy;
}

export class NamespacedContent implements ContentStore {
  readonly #metadata: Metadata;
  readonly #blobs: BlobStore;
  readonly #events: EventPublisher;
  readonly #sharing: SharingPolicy;
  #sequence = 0;

  constructor({ metadata, blobs, events, sharing }: NamespacedContentOptions) {
    this.#metadata = metadata;
    this.#blobs = blobs;
    this.#events = events;
    this.#sharing = sharing;
  }

  info({ namespace }: RequestScope, digest: string): BlobInfo {
    const row = this.#metadata.content.get(namespace, digest);
    if (!row) throw notFound(`content digest ${digest}: not found`);
    return { digest, ...row };
  }

  update(
    { namespace }: RequestScope,
    digest: string,
    labels: Labels,
    fieldPaths: readonly string[],
  ): Promise<BlobInfo> {
    return this.#metadata.update(true, (transaction) => {
      const current = this.info({ namespace }, digest);
      let next = fieldPaths.length === 0 ? labels : current.labels;
      for (const path of fieldPaths) {
        const changed = path === 'labels' ? labels : applyMapPath('labels', path, next, labels);
        if (!changed) {
          throw invalidArgument(
            `cannot update ${JSON.stringify(path)} field on content info ${JSON.stringify(digest)}: invalid argument`,
          );
        }
        next = changed;
      }
      checkLabels(next, 'info.Labels');
      const { sizeBytes, createdNs } = current;
      const row = { sizeBytes, createdNs, labels: next, updatedNs: nowNs() };
      transaction.put(this.#metadata.content, namespace, digest, row);
      return { digest, ...row };
    });
  }

  list({ namespace }: RequestScope, filters: readonly string[]): BlobInfo[] {
    const matches = parseFilters(filters);
    return this.#metadata.content
      .list(namespace)
      .filter(([digest, row]) => matches(blobFields(digest, row)))
      .map(([digest, row]) => ({ digest, ...row }));
  }

  async delete(scope: RequestScope, digest: string): Promise<void> {
    const { namespace } = scope;
    await this.#metadata.update(true, (transaction) => {
      this.info(scope, digest);
      transaction.delete(this.#metadata.content, namespace, digest);
      releaseResource(transaction, this.#metadata, scope, { type: 'content', id: digest });
      transaction.markCollectable();
    });
    this.#events.publish(namespace, '/content/delete', packAny(ContentDelete, { digest }));
  }

  reader(scope: RequestScope, digest: string): Promise<ContentReader> {
    this.info(scope, digest);
    return this.#blobs.reader(digest);
  }

  async writer(scope: RequestScope, wanted: WriterOptions): Promise<ContentWriter> {
    const { namespace } = scope;
    const { ref, expected } = wanted;
    if (ref === '') throw invalidArgument('ref must not be empty: invalid argument');
    if (expected !== '' && this.#metadata.content.has(namespace, expected)) {
      // held before it is told: the asker is going to use it
      await this.#metadata.update(false, (transaction) =>
        holdResource(transaction, this.#metadata, scope, { type: 'content', id: expected }),
      );
      throw alreadyExists(`content ${expected}: already exists`);
    }
    const sharedBytes = this.#sharedBytes(expected, wanted.totalBytes);
    const backendRef = await this.#noteIngest(scope, ref, sharedBytes === undefined ? undefined : expected);
    const context = { metadata: this.#metadata, blobs: this.#blobs, events: this.#events, scope, ref, backendRef };
    return sharedBytes === undefined
      ? NamespacedWriter.begin(context, wanted)
      : NamespacedWriter.share(context, { ...wanted, totalBytes: sharedBytes });
  }

  // eslint-disable-next-line require-await -- failures are rejections, like those of a remote store
  async status({ namespace }: RequestScope, ref: string): Promise<IngestStatus> {
    const row = this.#metadata.ingests.get(namespace, ref);
    if (!row) throw notFound(`reference ${ref}: not found`);
    return { ...this.#blobs.status(row.backendRef), ref };
  }

  async listStatuses(scope: RequestScope, filters: readonly string[]): Promise<IngestStatus[]> {
    const matches = parseFilters(filters);
    const statuses: IngestStatus[] = [];
    for (const [ref] of this.#metadata.ingests.list(scope.namespace)) {
      if (!matches(([field]) => (field === 'ref' ? ref : undefined))) continue;
      try {
        statuses.push(await this.status(scope, ref));
      } catch (error) {
        // committed or aborted meanwhile, or shared and so without bytes of its own
        if (!isCode(error, 'not_found')) throw error;
      }
    }
    return statuses;
  }

  async abort(scope: RequestScope, ref: string): Promise<void> {
    const { namespace } = scope;
    const { backendRef, expected } = await this.#metadata.update(false, (transaction) => {
      const row = this.#metadata.ingests.get(namespace, ref);
      if (!row) throw notFound(`reference ${ref}: not found`);
      transaction.delete(this.#metadata.ingests, namespace, ref);
      releaseResource(transaction, this.#metadata, scope, { type: 'ingests', id: ref });
      return row;
    });
    if (expected === undefined) await this.#blobs.abort(backendRef);
  }

  /** The size of the expected blob if it may be taken over from another namespace. */
  #sharedBytes(expected: string, totalBytes: number): number | undefined {
    if (expected === '' || (this.#sharing === 'isolated' && !this.#isShareable(expected))) return undefined;
    // the metadata of some namespace has to name it: a file alone may be about to be collected
    const sizeBytes = this.#isKnown(expected) ? this.#blobs.size(expected) : undefined;
    return totalBytes === 0 || totalBytes === sizeBytes ? sizeBytes : undefined;
  }

  #isKnown(digest: string): boolean {
    for (const namespace of this.#metadata.content.scopes()) {
      if (this.#metadata.content.has(namespace, digest)) return true;
    }
    return false;
  }

  #isShareable(digest: string): boolean {
    for (const [namespace, labels] of this.#metadata.namespaces.rows(rootScope)) {
      if (labels[shareableLabel] === 'true' && this.#metadata.content.has(namespace, digest)) return true;
    }
    return false;
  }

  /** Records the ingest, new or known, and answers its ref in the blob store. */
  #noteIngest(scope: RequestScope, ref: string, shared: string | undefined): Promise<string> {
    const { namespace } = scope;
    return this.#metadata.update(false, (transaction) => {
      const current = this.#metadata.ingests.get(namespace, ref);
      const leased = holdResource(transaction, this.#metadata, scope, { type: 'ingests', id: ref });
      const backendRef = current?.backendRef ?? this.#backendRef(namespace, ref);
      this.#metadata.ensureNamespace(transaction, namespace);
      transaction.put(this.#metadata.ingests, namespace, ref, {
        backendRef,
        ...(shared !== undefined && { expected: shared }),
        ...(!leased && { expiresMs: Date.now() + ingestLifeMs }),
      });
      return backendRef;
    });
  }

  /** Not the ref alone: an ingest that is begun again must not find what is left of an aborted one. */
  #backendRef(namespace: string, ref: string): string {
    this.#sequence += 1;
    return `${namespace}/${Date.now().toString(36)}.${this.#sequence}/${ref}`;
  }
}

function blobFields(digest: string, { sizeBytes, labels }: BlobRow): FieldReader {
  return ([field = '', ...rest]) => {
    switch (field) {
      case 'digest':
        return textField(digest);
      case 'size':
        return String(sizeBytes);
      case 'labels':
        return mapField(rest, labels);
      default:
        return undefined;
    }
  };
}
