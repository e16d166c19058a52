/** containerd.services.containers.v1.Containers: the gRPC edge. Events are told here, when the change is made. */
import { invalidArgument } from '@docker-ts/base/errors';
import { packAny } from '@docker-ts/rpc/any';
import { ContainerCreate, ContainerDelete, ContainerUpdate } from '@docker-ts/rpc/gen/containerd/events/container';
import type {
  Container as WireContainer,
  ContainersDefinition,
} from '@docker-ts/rpc/gen/containerd/services/containers/v1/containers';
import type { ServiceImplementation } from '@docker-ts/rpc/service';
import { timestampFromNs } from '@docker-ts/rpc/timestamp';
import { requestScope } from '../api/request-scope.ts';
import type { EventPublisher } from '../events/publisher.ts';
import type { Container, ContainerStore } from './container.ts';

export function createContainersService(
  store: ContainerStore,
  events: EventPublisher,
): ServiceImplementation<typeof ContainersDefinition> {
  return {
    async get({ id }, context) {
      return { container: toWire(await store.get(requestScope(context), id)) };
    },
    async list({ filters }, context) {
      const containers = await store.list(requestScope(context), filters);
      return { containers: containers.map((container) => toWire(container)) };
    },
    async *listStream({ filters }, context) {
      for (const container of await store.list(requestScope(context), filters)) yield { container: toWire(container) };
    },
    async create({ container }, context) {
      const scope = requestScope(context);
      const created = await store.create(scope, fromWire(container));
      const { id, image, runtime } = created;
      events.publish(scope.namespace, '/containers/create', packAny(ContainerCreate, { id, image, runtime }));
      return { container: toWire(created) };
    },
    async update({ container, updateMask }, context) {
      const scope = requestScope(context);
      if (!container || container.id === '') throw invalidArgument('Container.ID required');
      const updated = await store.update(scope, fromWire(container), updateMask ?? []);
      const { id, image, labels, snapshotKey } = updated;
      const event = packAny(ContainerUpdate, { id, image, labels, snapshotKey });
      events.publish(scope.namespace, '/containers/update', event);
      return { container: toWire(updated) };
    },
    async delete({ id }, context) {
      const scope = requestScope(context);
      await store.delete(scope, id);
      events.publish(scope.namespace, '/containers/delete', packAny(ContainerDelete, { id }));
      return {};
    },
  };
}

function toWire({ createdNs, updatedNs, runtime, spec, labels, extensions, ...rest }: Container): WireContainer {
  return {
    ...rest,
    labels: { ...labels },
    runtime: { name: runtime.name, options: runtime.options },
    spec,
    extensions: { ...extensions },
    createdAt: timestampFromNs(createdNs),
    updatedAt: timestampFromNs(updatedNs),
  };
}

function fromWire(container: WireContainer | undefined): Container {
  if (!container) throw invalidArgument('container is required: invalid argument');
  const { createdAt: _, updatedAt: __, runtime, spec, ...rest } = container;
  return {
    ...rest,
    runtime: { name: runtime?.name ?? '', ...(runtime?.options && { options: runtime.options }) },
    ...(spec && { spec }),
    createdNs: 0n,
    updatedNs: 0n,
  };
}
