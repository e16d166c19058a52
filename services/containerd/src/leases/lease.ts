/**
 * Leases: roots of garbage collection that clients hold while they work, so that what they have made and not yet named stays.
 *
 * Words: a lease *holds* resources: content, ingests, images and snapshots. What is made by a request that carries a lease's id (the
 * `containerd-lease` header) is held from its first moment. A lease ends when it is deleted, or when its `containerd.io/gc.expire` label
 * says so. A *flat* lease (`containerd.io/gc.flat`) holds just what it names, else also what that refers to.
 */
import type { ResourceReference } from '../gc/resource.ts';
import type { Labels } from '../metadata/labels.ts';
import type { Awaitable, RequestScope } from '../metadata/scope.ts';
import type { RowCodec } from '../metadata/table.ts';

export interface LeaseRow {
  readonly labels: Labels;
  readonly createdNs: bigint;
}

export interface Lease extends LeaseRow {
  readonly id: string;
}

export const leaseCodec: RowCodec<LeaseRow> = {
  toJson: ({ labels, createdNs }) => ({ labels, createdNs: String(createdNs) }),
  fromJson: (json) => {
    const { labels, createdNs } = json as { labels: Labels; createdNs: string };
    return { labels, createdNs: BigInt(createdNs) };
  },
};

/** A resource as clients write it, not checked yet. */
export interface UncheckedResource {
  readonly type: string;
  readonly id: string;
}

export interface LeaseStore {
  /** An empty id asks for a random one. @throws already_exists. */
  create(scope: RequestScope, id: string, labels: Labels): Promise<Lease>;
  /** @throws not_found. */
  delete(scope: RequestScope, id: string): Promise<void>;
  /** Those that match any filter (`id`, `labels.…`), by id. */
  list(scope: RequestScope, filters: readonly string[]): Awaitable<Lease[]>;
  /** Idempotent. @throws not_found, invalid_argument for a malformed resource, unimplemented for a type that leases do not hold. */
  addResource(scope: RequestScope, id: string, resource: UncheckedResource): Promise<void>;
  /** Idempotent. @throws as `addResource`. */
  deleteResource(scope: RequestScope, id: string, resource: UncheckedResource): Promise<void>;
  /** @throws not_found. */
  listResources(scope: RequestScope, id: string): Awaitable<ResourceReference[]>;
}
