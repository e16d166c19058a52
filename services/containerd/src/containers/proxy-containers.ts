/** The container store of a daemon behind a connection. */
import type { ContainersDefinition } from '@docker-ts/rpc/gen/containerd/services/containers/v1/containers';
import type { ClientOf } from '@docker-ts/rpc/service';
import { scopedCall } from '../api/scoped-call.ts';
import type { RequestScope } from '../metadata/scope.ts';
import type { Container, ContainerStore } from './container.ts';
import { fromWireContainer, toWireContainer } from './wire-container.ts';

export class ProxyContainers implements ContainerStore {
  readonly #client: ClientOf<ContainersDefinition>;

  constructor(client: ClientOf<ContainersDefinition>) {
    this.#client = client;
  }

  async get(scope: RequestScope, id: string): Promise<Container> {
    return fromWireContainer((await this.#client.get({ id }, scopedCall(scope))).container);
  }

  async list(scope: RequestScope, filters: readonly string[]): Promise<Container[]> {
    const containers: Container[] = [];
    for await (const { container } of this.#client.listStream({ filters: [...filters] }, scopedCall(scope))) {
      containers.push(fromWireContainer(container));
    }
    return containers;
  }

  async create(scope: RequestScope, container: Container): Promise<Container> {
    const request = { container: toWireContainer(container) };
    return fromWireContainer((await this.#client.create(request, scopedCall(scope))).container);
  }

  async update(scope: RequestScope, container: Container, fieldPaths: readonly string[]): Promise<Container> {
    const request = { container: toWireContainer(container), updateMask: [...fieldPaths] };
    return fromWireContainer((await this.#client.update(request, scopedCall(scope))).container);
  }

  async delete(scope: RequestScope, id: string): Promise<void> {
    await this.#client.delete({ id }, scopedCall(scope));
  }
}
