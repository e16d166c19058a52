/** Containers in the daemon's metadata (containerd core/metadata/containers.go). */
import { alreadyExists, invalidArgument, notFound, wrap } from '@docker-ts/base/errors';
import { type FieldReader, mapField, textField } from '../filters/filter.ts';
import { parseFilters } from '../filters/parser.ts';
import { applyMapPath } from '../metadata/labels.ts';
import type { Metadata } from '../metadata/metadata.ts';
import { nowNs, type RequestScope } from '../metadata/scope.ts';
import { checkContainer, type Container, type ContainerStore } from './container.ts';

/** A power cut takes the container's process too: its record need not survive what its process cannot. */
const durable = false;

export class MetadataContainers implements ContainerStore {
  readonly #metadata: Metadata;

  constructor(metadata: Metadata) {
    this.#metadata = metadata;
  }

  get({ namespace }: RequestScope, id: string): Container {
    const container = this.#metadata.containers.get(namespace, id);
    if (!container)
      throw notFound(`container ${JSON.stringify(id)} in namespace ${JSON.stringify(namespace)}: not found`);
    return container;
  }

  list({ namespace }: RequestScope, filters: readonly string[]): Container[] {
    const matches = parseFilters(filters);
    return this.#metadata.containers
      .list(namespace)
      .map(([, container]) => container)
      .filter((container) => matches(fieldsOf(container)));
  }

  create({ namespace }: RequestScope, wanted: Container): Promise<Container> {
    return this.#metadata.update(durable, (transaction) => {
      check(wanted, 'create container failed validation');
      if (this.#metadata.containers.has(namespace, wanted.id)) {
        throw alreadyExists(`container ${JSON.stringify(wanted.id)}: already exists`);
      }
      const time = nowNs();
      const container = { ...wanted, createdNs: time, updatedNs: time };
      this.#metadata.ensureNamespace(transaction, namespace);
      transaction.put(this.#metadata.containers, namespace, container.id, container);
      return container;
    });
  }

  update({ namespace }: RequestScope, wanted: Container, fieldPaths: readonly string[]): Promise<Container> {
    return this.#metadata.update(durable, (transaction) => {
      if (wanted.id === '') throw invalidArgument('must specify a container id: invalid argument');
      const current = this.#metadata.containers.get(namespace, wanted.id);
      if (!current) throw notFound(`container ${JSON.stringify(wanted.id)}: not found`);
      const container = { ...applyFieldPaths(current, wanted, fieldPaths), updatedNs: nowNs() };
      check(container, 'update failed validation');
      transaction.put(this.#metadata.containers, namespace, container.id, container);
      return container;
    });
  }

  delete({ namespace }: RequestScope, id: string): Promise<void> {
    return this.#metadata.update(durable, (transaction) => {
      if (!this.#metadata.containers.has(namespace, id)) throw notFound(`container ${JSON.stringify(id)}: not found`);
      transaction.delete(this.#metadata.containers, namespace, id);
      transaction.markCollectable();
    });
  }
}

function check(container: Container, operation: string): void {
  try {
    checkContainer(container);
  } catch (error) {
    throw wrap(error, operation);
  }
}

const mutablePaths = ['labels', 'spec', 'extensions', 'image', 'snapshotkey'] as const;

function applyFieldPaths(current: Container, wanted: Container, fieldPaths: readonly string[]): Container {
  if (fieldPaths.length === 0) {
    if (current.snapshotter !== wanted.snapshotter) throw immutable('Snapshotter');
    if (current.runtime.name !== wanted.runtime.name) throw immutable('Runtime.Name');
  }
  let next = current;
  for (const path of fieldPaths.length === 0 ? mutablePaths : fieldPaths) next = applyFieldPath(next, wanted, path);
  return next;
}

function applyFieldPath(current: Container, wanted: Container, path: string): Container {
  const labels = applyMapPath('labels', path, current.labels, wanted.labels);
  if (labels) return { ...current, labels };
  if (path.startsWith('extensions.')) {
    const key = path.slice('extensions.'.length);
    const extension = wanted.extensions[key];
    const { [key]: _, ...others } = current.extensions;
    return { ...current, extensions: extension ? { ...others, [key]: extension } : others };
  }
  switch (path) {
    case 'labels':
      return { ...current, labels: wanted.labels };
    case 'spec': {
      const { spec: _, ...others } = current;
      return wanted.spec ? { ...others, spec: wanted.spec } : others;
    }
    case 'extensions':
      return { ...current, extensions: wanted.extensions };
    case 'image':
      return { ...current, image: wanted.image };
    case 'snapshotkey':
      return { ...current, snapshotKey: wanted.snapshotKey };
    default:
      throw invalidArgument(
        `cannot update ${JSON.stringify(path)} field on ${JSON.stringify(wanted.id)}: invalid argument`,
      );
  }
}

const immutable = (field: string): Error => invalidArgument(`container.${field} field is immutable: invalid argument`);

function fieldsOf(container: Container): FieldReader {
  return ([field = '', ...rest]) => {
    switch (field) {
      case 'id':
        return textField(container.id);
      case 'runtime':
        return rest[0] === 'name' ? textField(container.runtime.name) : undefined;
      case 'image':
        return textField(container.image);
      case 'labels':
        return mapField(rest, container.labels);
      default:
        return undefined;
    }
  };
}
