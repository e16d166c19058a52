/**
 * Namespaces: every object but a namespace lives in one, and sees only those beside it. A namespace comes to be when it is created or
 * when the first object is put in it; it can be deleted once it is empty.
 */
import type { Labels } from '../metadata/labels.ts';
import type { Awaitable } from '../metadata/scope.ts';

export interface Namespace {
  readonly name: string;
  readonly labels: Labels;
}

export interface NamespaceStore {
  /** A namespace that is not there has no labels: asking for it is no error, as upstream. */
  get(name: string): Awaitable<Namespace>;
  list(): Awaitable<Namespace[]>;
  /** @throws already_exists, invalid_argument. */
  create(namespace: Namespace): Promise<Namespace>;
  /** Sets the labels that the paths name (`labels.<key>`; an empty value takes the label away), or all. @throws not_found, invalid_argument. */
  update(namespace: Namespace, fieldPaths: readonly string[]): Promise<void>;
  /** @throws not_found, failed_precondition if it is not empty. */
  delete(name: string): Promise<void>;
}
