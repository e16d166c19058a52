/** Leases in the daemon's metadata (containerd core/metadata/leases.go). */
import { alreadyExists, notFound } from '@docker-ts/base/errors';
import { randomBytes } from 'node:crypto';
import { mapField, textField } from '../filters/filter.ts';
import { parseFilters } from '../filters/parser.ts';
import type { ResourceReference } from '../gc/resource.ts';
import type { Labels } from '../metadata/labels.ts';
import type { Metadata } from '../metadata/metadata.ts';
import { nowNs, type RequestScope } from '../metadata/scope.ts';
import type { Lease, LeaseStore, UncheckedResource } from './lease.ts';
import { addHeld, checkResource, heldResources, removeHeld, resourceScope } from './lease-resources.ts';

/** A lease lives as long as the client that holds it, which a power cut ends. */
const durable = false;

export class MetadataLeases implements LeaseStore {
  readonly #metadata: Metadata;

  constructor(metadata: Metadata) {
    this.#metadata = metadata;
  }

  create({ namespace }: RequestScope, wantedId: string, labels: Labels): Promise<Lease> {
    const id = wantedId === '' ? randomLeaseId() : wantedId;
    return this.#metadata.update(durable, (transaction) => {
      if (this.#metadata.leases.has(namespace, id)) {
        throw alreadyExists(`lease ${JSON.stringify(id)}: already exists`);
      }
      const row = { labels, createdNs: nowNs() };
      this.#metadata.ensureNamespace(transaction, namespace);
      transaction.put(this.#metadata.leases, namespace, id, row);
      return { id, ...row };
    });
  }

  delete({ namespace }: RequestScope, id: string): Promise<void> {
    return this.#metadata.update(durable, (transaction) => {
      this.#require(namespace, id);
      transaction.delete(this.#metadata.leases, namespace, id);
      const scope = resourceScope(namespace, id);
      for (const [resource] of this.#metadata.leaseResources.list(scope)) {
        transaction.delete(this.#metadata.leaseResources, scope, resource);
      }
      transaction.markCollectable();
    });
  }

  list({ namespace }: RequestScope, filters: readonly string[]): Lease[] {
    const matches = parseFilters(filters);
    return this.#metadata.leases
      .list(namespace)
      .map(([id, row]) => ({ id, ...row }))
      .filter(({ id, labels }) =>
        matches(([field, ...rest]) => {
          if (field === 'id') return textField(id);
          return field === 'labels' ? mapField(rest, labels) : undefined;
        }),
      );
  }

  addResource({ namespace }: RequestScope, id: string, resource: UncheckedResource): Promise<void> {
    return this.#metadata.update(durable, (transaction) => {
      this.#require(namespace, id);
      addHeld(transaction, this.#metadata, namespace, id, checkResource(resource));
    });
  }

  deleteResource({ namespace }: RequestScope, id: string, resource: UncheckedResource): Promise<void> {
    return this.#metadata.update(durable, (transaction) => {
      this.#require(namespace, id);
      removeHeld(transaction, this.#metadata, namespace, id, checkResource(resource));
      transaction.markCollectable();
    });
  }

  listResources({ namespace }: RequestScope, id: string): ResourceReference[] {
    this.#require(namespace, id);
    return heldResources(this.#metadata, namespace, id);
  }

  #require(namespace: string, id: string): void {
    if (!this.#metadata.leases.has(namespace, id)) throw notFound(`lease ${JSON.stringify(id)}: not found`);
  }
}

/** Upstream's form: nanoseconds, then three random bytes in base64url. */
const randomLeaseId = (): string => `${nowNs() % 1_000_000_000n}-${randomBytes(3).toString('base64url')}`;
