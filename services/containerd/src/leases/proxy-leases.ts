/** The lease store of a daemon behind a connection. */
import { internal } from '@docker-ts/base/errors';
import type { Lease as WireLease, LeasesDefinition } from '@docker-ts/rpc/gen/containerd/services/leases/v1/leases';
import type { ClientOf } from '@docker-ts/rpc/service';
import { nsFromTimestamp } from '@docker-ts/rpc/timestamp';
import { scopedCall } from '../api/scoped-call.ts';
import type { ResourceReference } from '../gc/resource.ts';
import type { Labels } from '../metadata/labels.ts';
import type { RequestScope } from '../metadata/scope.ts';
import type { Lease, LeaseStore, UncheckedResource } from './lease.ts';
import { checkResource } from './lease-resources.ts';

export class ProxyLeases implements LeaseStore {
  readonly #client: ClientOf<LeasesDefinition>;

  constructor(client: ClientOf<LeasesDefinition>) {
    this.#client = client;
  }

  async create(scope: RequestScope, id: string, labels: Labels): Promise<Lease> {
    const { lease } = await this.#client.create({ id, labels: { ...labels } }, scopedCall(scope));
    return fromWireLease(lease);
  }

  async delete(scope: RequestScope, id: string): Promise<void> {
    await this.#client.delete({ id }, scopedCall(scope));
  }

  async list(scope: RequestScope, filters: readonly string[]): Promise<Lease[]> {
    const { leases } = await this.#client.list({ filters: [...filters] }, scopedCall(scope));
    return leases.map((lease) => fromWireLease(lease));
  }

  async addResource(scope: RequestScope, id: string, resource: UncheckedResource): Promise<void> {
    await this.#client.addResource({ id, resource }, scopedCall(scope));
  }

  async deleteResource(scope: RequestScope, id: string, resource: UncheckedResource): Promise<void> {
    await this.#client.deleteResource({ id, resource }, scopedCall(scope));
  }

  async listResources(scope: RequestScope, id: string): Promise<ResourceReference[]> {
    const { resources } = await this.#client.listResources({ id }, scopedCall(scope));
    return resources.map((resource) => checkResource(resource));
  }
}

function fromWireLease(lease: WireLease | undefined): Lease {
  if (!lease) throw internal('cannot read the answer: it holds no lease');
  const { id, labels, createdAt } = lease;
  return { id, labels, createdNs: createdAt ? nsFromTimestamp(createdAt) : 0n };
}
