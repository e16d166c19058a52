/** Namespaces in the daemon's metadata (containerd core/metadata/namespaces.go). */
import { alreadyExists, failedPrecondition, invalidArgument, notFound } from '@docker-ts/base/errors';
import { packAny } from '@docker-ts/rpc/any';
import { NamespaceCreate, NamespaceDelete, NamespaceUpdate } from '@docker-ts/rpc/gen/containerd/events/namespace';
import type { EventPublisher } from '../events/publisher.ts';
import type { CollectableSnapshots } from '../gc/resource.ts';
import { resourceScope } from '../leases/lease-resources.ts';
import { checkIdentifier } from '../metadata/identifier.ts';
import { checkLabels, type Labels } from '../metadata/labels.ts';
import { type Metadata, rootScope } from '../metadata/metadata.ts';
import type { Transaction } from '../metadata/transaction.ts';
import type { Namespace, NamespaceStore } from './namespace.ts';

const durable = true;

export interface MetadataNamespacesOptions {
  readonly metadata: Metadata;
  readonly snapshots: readonly CollectableSnapshots[];
  readonly events: EventPublisher;
}

export class MetadataNamespaces implements NamespaceStore {
  readonly #metadata: Metadata;
  readonly #snapshots: readonly CollectableSnapshots[];
  readonly #events: EventPublisher;

  constructor({ metadata, snapshots, events }: MetadataNamespacesOptions) {
    this.#metadata = metadata;
    this.#snapshots = snapshots;
    this.#events = events;
  }

  get(name: string): Namespace {
    return { name, labels: this.#labels(name) ?? {} };
  }

  list(): Namespace[] {
    const names = new Set(this.#metadata.namespaces.list(rootScope).map(([name]) => name));
    for (const { namespace } of this.#snapshotRecords()) names.add(namespace);
    return [...names].sort().map((name) => this.get(name));
  }

  async create({ name, labels }: Namespace): Promise<Namespace> {
    await this.#metadata.update(durable, (transaction) => {
      checkIdentifier(name);
      checkLabels(labels, 'namespace.Labels');
      if (this.#labels(name)) throw alreadyExists(`namespace ${JSON.stringify(name)}: already exists`);
      // upstream sets the labels one by one, and setting to '' takes away
      transaction.put(this.#metadata.namespaces, rootScope, name, withoutEmpty(labels));
    });
    this.#events.publish(name, '/namespaces/create', packAny(NamespaceCreate, { name, labels }));
    return { name, labels };
  }

  async update({ name, labels }: Namespace, fieldPaths: readonly string[]): Promise<void> {
    await this.#metadata.update(durable, (transaction) => {
      let next = fieldPaths.length === 0 ? labels : this.get(name).labels;
      for (const path of fieldPaths) {
        if (!path.startsWith('labels.')) {
          throw invalidArgument(`cannot update ${JSON.stringify(path)} field`);
        }
        const key = path.slice('labels.'.length);
        next = { ...next, [key]: labels[key] ?? '' };
      }
      checkLabels(next, 'namespace.Labels');
      if (!this.#exists(name)) throw notFound(`namespace ${JSON.stringify(name)}: not found`);
      transaction.put(this.#metadata.namespaces, rootScope, name, withoutEmpty(next));
    });
    this.#events.publish(name, '/namespaces/update', packAny(NamespaceUpdate, { name, labels }));
  }

  async delete(name: string): Promise<void> {
    await this.#metadata.update(durable, (transaction) => {
      const left = this.#objectTypes(name);
      if (left.length > 0) {
        throw failedPrecondition(
          `namespace ${JSON.stringify(name)} must be empty, but it still has ${left.join(', ')}: failed precondition`,
        );
      }
      if (!this.#labels(name)) throw notFound(`namespace ${JSON.stringify(name)}: not found`);
      transaction.delete(this.#metadata.namespaces, rootScope, name);
      this.#deleteLeftovers(transaction, name);
    });
    this.#events.publish(name, '/namespaces/delete', packAny(NamespaceDelete, { name }));
  }

  /** Leases and ingests do not keep a namespace. */
  #deleteLeftovers(transaction: Transaction, name: string): void {
    const { leases, leaseResources, ingests } = this.#metadata;
    for (const [id] of leases.list(name)) {
      transaction.delete(leases, name, id);
      const scope = resourceScope(name, id);
      for (const [resource] of leaseResources.list(scope)) transaction.delete(leaseResources, scope, resource);
    }
    for (const [ref] of ingests.list(name)) transaction.delete(ingests, name, ref);
    transaction.markCollectable();
  }

  #labels(name: string): Labels | undefined {
    return this.#metadata.namespaces.get(rootScope, name);
  }

  #exists(name: string): boolean {
    return this.#labels(name) !== undefined || this.#objectTypes(name).length > 0;
  }

  #objectTypes(name: string): string[] {
    const { images, content, containers } = this.#metadata;
    const types: string[] = [];
    if (!images.isEmpty(name)) types.push('images');
    if (!content.isEmpty(name)) types.push('blobs');
    if (!containers.isEmpty(name)) types.push('containers');
    for (const snapshots of this.#snapshots) {
      for (const { namespace } of snapshots.records()) {
        if (namespace !== name) continue;
        types.push(`snapshots on ${JSON.stringify(snapshots.name)} snapshotter`);
        break;
      }
    }
    return types;
  }

  *#snapshotRecords(): Generator<{ namespace: string }> {
    for (const snapshots of this.#snapshots) yield* snapshots.records();
  }
}

const withoutEmpty = (labels: Labels): Labels =>
  Object.fromEntries(Object.entries(labels).filter(([, value]) => value !== ''));
