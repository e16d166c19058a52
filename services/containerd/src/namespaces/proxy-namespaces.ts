/** The namespaces of a daemon behind a connection. */
import type { NamespacesDefinition } from '@docker-ts/rpc/gen/containerd/services/namespaces/v1/namespace';
import type { ClientOf } from '@docker-ts/rpc/service';
import type { Namespace, NamespaceStore } from './namespace.ts';

export class ProxyNamespaces implements NamespaceStore {
  readonly #client: ClientOf<NamespacesDefinition>;

  constructor(client: ClientOf<NamespacesDefinition>) {
    this.#client = client;
  }

  async get(name: string): Promise<Namespace> {
    return (await this.#client.get({ name })).namespace ?? { name, labels: {} };
  }

  async list(): Promise<Namespace[]> {
    return (await this.#client.list({})).namespaces;
  }

  async create({ name, labels }: Namespace): Promise<Namespace> {
    const { namespace } = await this.#client.create({ namespace: { name, labels: { ...labels } } });
    return namespace ?? { name, labels };
  }

  async update({ name, labels }: Namespace, fieldPaths: readonly string[]): Promise<void> {
    await this.#client.update({ namespace: { name, labels: { ...labels } }, updateMask: [...fieldPaths] });
  }

  async delete(name: string): Promise<void> {
    await this.#client.delete({ name });
  }
}
