/** containerd.services.namespaces.v1.Namespaces: the gRPC edge. */
import { invalidArgument } from '@docker-ts/base/errors';
import type {
  Namespace as WireNamespace,
  NamespacesDefinition,
} from '@docker-ts/rpc/gen/containerd/services/namespaces/v1/namespace';
import type { ServiceImplementation } from '@docker-ts/rpc/service';
import type { Namespace, NamespaceStore } from './namespace.ts';

const toWire = ({ name, labels }: Namespace): WireNamespace => ({ name, labels: { ...labels } });

function required(namespace: WireNamespace | undefined): WireNamespace {
  if (!namespace) throw invalidArgument('namespace is required: invalid argument');
  return namespace;
}

export function createNamespacesService(store: NamespaceStore): ServiceImplementation<typeof NamespacesDefinition> {
  return {
    async get({ name }) {
      return { namespace: toWire(await store.get(name)) };
    },
    // the request has a filter, which upstream never reads
    async list() {
      return { namespaces: (await store.list()).map((namespace) => toWire(namespace)) };
    },
    async create({ namespace }) {
      return { namespace: toWire(await store.create(required(namespace))) };
    },
    async update({ namespace, updateMask }) {
      await store.update(required(namespace), updateMask ?? []);
      // upstream answers without the namespace
      return {};
    },
    async delete({ name }) {
      await store.delete(name);
      return {};
    },
  };
}
