/** containerd.services.leases.v1.Leases: the gRPC edge. */
import { invalidArgument } from '@docker-ts/base/errors';
import type {
  Lease as WireLease,
  LeasesDefinition,
  Resource,
} from '@docker-ts/rpc/gen/containerd/services/leases/v1/leases';
import type { ServiceImplementation } from '@docker-ts/rpc/service';
import { timestampFromNs } from '@docker-ts/rpc/timestamp';
import { requestScope } from '../api/request-scope.ts';
import type { Lease, LeaseStore } from './lease.ts';

export interface LeasesServiceOptions {
  readonly store: LeaseStore;
  /** Settles when garbage that is there now has been collected. */
  readonly collectGarbage: () => Promise<void>;
}

export function createLeasesService(options: LeasesServiceOptions): ServiceImplementation<typeof LeasesDefinition> {
  const { store, collectGarbage } = options;
  return {
    async create({ id, labels }, context) {
      return { lease: toWire(await store.create(requestScope(context), id, labels)) };
    },
    async delete({ id, sync }, context) {
      await store.delete(requestScope(context), id);
      if (sync) await collectGarbage();
      return {};
    },
    async list({ filters }, context) {
      const leases = await store.list(requestScope(context), filters);
      return { leases: leases.map((lease) => toWire(lease)) };
    },
    async addResource({ id, resource }, context) {
      await store.addResource(requestScope(context), id, required(resource));
      return {};
    },
    async deleteResource({ id, resource }, context) {
      await store.deleteResource(requestScope(context), id, required(resource));
      return {};
    },
    async listResources({ id }, context) {
      return { resources: [...(await store.listResources(requestScope(context), id))] };
    },
  };
}

function required(resource: Resource | undefined): Resource {
  if (!resource) throw invalidArgument('resource is required: invalid argument');
  return resource;
}

const toWire = ({ id, labels, createdNs }: Lease): WireLease => ({
  id,
  labels: { ...labels },
  createdAt: timestampFromNs(createdNs),
});
