/** containerd.services.containers.v1.Containers: the gRPC edge. Events are told here, when the change is made. */
import { invalidArgument } from '@docker-ts/base/errors';
import { packAny } from '@docker-ts/rpc/any';
import { ContainerCreate, ContainerDelete, ContainerUpdate } from '@docker-ts/rpc/gen/containerd/events/container';
import type { ContainersDefinition } from '@docker-ts/rpc/gen/containerd/services/containers/v1/containers';
import type { ServiceImplementation } from '@docker-ts/rpc/service';
import { requestScope } from '../api/request-scope.ts';
import type { EventPublisher } from '../events/publisher.ts';
import type { ContainerStore } from './container.ts';
import { fromWireContainer, toWireContainer } from './wire-container.ts';

export function createContainersService(
  store: ContainerStore,
  events: EventPublisher,
): ServiceImplementation<typeof ContainersDefinition> {
  return {
    async get({ id }, context) {
      return { container: toWireContainer(await store.get(requestScope(context), id)) };
    },
    async list({ filters }, context) {
      const containers = await store.list(requestScope(context), filters);
      return { containers: containers.map((container) => toWireContainer(container)) };
    },
    async *listStream({ filters }, context) {
      for (const container of await store.list(requestScope(context), filters))
        yield { container: toWireContainer(container) };
    },
    async create({ container }, context) {
      const scope = requestScope(context);
      const created = await store.create(scope, fromWireContainer(container));
      const { id, image, runtime } = created;
      events.publish(scope.namespace, '/containers/create', packAny(ContainerCreate, { id, image, runtime }));
      return { container: toWireContainer(created) };
    },
    async update({ container, updateMask }, context) {
      const scope = requestScope(context);
      if (!container || container.id === '') throw invalidArgument('Container.ID required');
      const updated = await store.update(scope, fromWireContainer(container), updateMask ?? []);
      const { id, image, labels, snapshotKey } = updated;
      const event = packAny(ContainerUpdate, { id, image, labels, snapshotKey });
      events.publish(scope.namespace, '/containers/update', event);
      return { container: toWireContainer(updated) };
    },
    async delete({ id }, context) {
      const scope = requestScope(context);
      await store.delete(scope, id);
      events.publish(scope.namespace, '/containers/delete', packAny(ContainerDelete, { id }));
      return {};
    },
  };
}
