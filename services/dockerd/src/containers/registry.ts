/**
 * All containers of the daemon, found by id, unique id prefix or name. Memory is what requests read; every change is put on
 * disk as well. A name is taken from the moment it is reserved, so that two creations at once cannot both have it.
 */
import { conflict, invalidArgument, notFound } from '@docker-ts/base/errors';
import { KeyedMutex } from '@docker-ts/base/mutex';
import type { ContainerStore } from '../store/container-store.ts';
import { Container } from './container.ts';
import { generateName } from './generated-name.ts';
import type { ContainerRecord } from './record.ts';

const namePattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

/** The name without its slash; invalid_argument for one that breaks the rules. */
export function parseContainerName(text: string): string {
  const name = text.replace(/^\//, '');
  if (!namePattern.test(name))
    throw invalidArgument(`Invalid container name (${text}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`);
  return name;
}

export class ContainerRegistry {
  readonly #store: ContainerStore;
  readonly #byId = new Map<string, Container>();
  /** Name to id; reserved names have their id before the container is there. */
  readonly #idByName = new Map<string, string>();
  /** Writes of one record in their order: the store's threads keep none. */
  readonly #writes = new KeyedMutex();

  constructor(store: ContainerStore) {
    this.#store = store;
  }

  async load(): Promise<void> {
    for (const record of await this.#store.loadAll()) this.#index(new Container(record));
  }

  /** Oldest first. */
  all(): Container[] {
    return [...this.#byId.values()];
  }

  /** The container that `reference` names; not_found, or invalid_argument for a prefix of several ids. */
  get(reference: string): Container {
    const found = this.find(reference);
    if (found === undefined) throw notFound(`No such container: ${reference}`);
    return found;
  }

  find(reference: string): Container | undefined {
    const exact = this.#byId.get(reference);
    if (exact !== undefined) return exact;
    const named = this.#byId.get(this.#idByName.get(reference.replace(/^\//, '')) ?? '');
    if (named !== undefined) return named;
    if (!/^[0-9a-f]+$/.test(reference)) return undefined;
    const matches = this.all().filter((container) => container.id.startsWith(reference));
    if (matches.length > 1) throw invalidArgument(`multiple IDs found with provided prefix: ${reference}`);
    return matches[0];
  }

  /** Takes a name, or a generated one if there is none; conflict if somebody has it. */
  reserveName(wanted: string | undefined, id: string): string {
    if (wanted === undefined) {
      const name = generateName((candidate) => !this.#idByName.has(candidate));
      this.#idByName.set(name, id);
      return name;
    }
    const name = parseContainerName(wanted);
    const owner = this.#idByName.get(name);
    if (owner !== undefined && owner !== id)
      throw conflict(
        `Conflict. The container name "/${name}" is already in use by container "${owner}". ` +
          'You have to remove (or rename) that container to be able to reuse that name.',
      );
    this.#idByName.set(name, id);
    return name;
  }

  releaseName(name: string): void {
    this.#idByName.delete(name);
  }

  /** A finished creation: from here on requests see the container. */
  async add(record: ContainerRecord): Promise<Container> {
    await this.#store.put(record);
    const container = new Container(record);
    this.#index(container);
    return container;
  }

  /** Puts the container's record on disk as it is when its turn comes; one that is gone stays gone. */
  save(container: Container): Promise<void> {
    return this.#writes.run(container.id, async () => {
      if (this.#byId.get(container.id) === container) await this.#store.put(container.lasting);
    });
  }

  /** The name's change in memory; the record carries it to disk. */
  rename(container: Container, name: string): void {
    const { name: old } = container.record;
    this.#idByName.delete(old);
    this.#idByName.set(name, container.id);
    container.patch({ name });
  }

  async remove(container: Container): Promise<void> {
    await this.#writes.run(container.id, async () => {
      await this.#store.delete(container.id);
      this.forget(container);
    });
  }

  /** Requests no longer see it; its record stays on disk. */
  forget(container: Container): void {
    this.#byId.delete(container.id);
    this.#idByName.delete(container.record.name);
  }

  /** Its record goes. */
  erase(id: string): Promise<void> {
    return this.#writes.run(id, () => this.#store.delete(id));
  }

  #index(container: Container): void {
    this.#byId.set(container.id, container);
    this.#idByName.set(container.record.name, container.id);
  }
}
