/** Which resources a lease holds: rows of their own, so that a lease over many layers is not written again for each. */
import { invalidArgument, notFound, unimplemented } from '@docker-ts/base/errors';
import { digestFault } from '@docker-ts/oci/digest';
import type { ResourceReference, ResourceType } from '../gc/resource.ts';
import type { Metadata } from '../metadata/metadata.ts';
import type { RequestScope } from '../metadata/scope.ts';
import type { Transaction } from '../metadata/transaction.ts';
import type { UncheckedResource } from './lease.ts';

/** Lease ids are any text; the scope of a row must not hold a slash. */
export const resourceScope = (namespace: string, lease: string): string => `${namespace} ${encodeURIComponent(lease)}`;

const resourceId = ({ type, id }: ResourceReference): string => `${type} ${id}`;

/** The resources of a lease, by type and id. */
export function heldResources(metadata: Metadata, namespace: string, lease: string): ResourceReference[] {
  return metadata.leaseResources.list(resourceScope(namespace, lease)).map(([key]) => {
    const space = key.indexOf(' ');
    return { type: key.slice(0, space) as ResourceType, id: key.slice(space + 1) };
  });
}

/**
 * Puts a resource on the lease of the request, if it has one. Answers whether it has.
 * @throws not_found if the lease is gone: the client must not believe that it holds anything.
 */
export function holdResource(
  transaction: Transaction,
  metadata: Metadata,
  { namespace, lease }: RequestScope,
  resource: ResourceReference,
): boolean {
  if (lease === undefined) return false;
  if (!metadata.leases.has(namespace, lease)) throw notFound('lease does not exist: not found');
  addHeld(transaction, metadata, namespace, lease, resource);
  return true;
}

/** Takes a resource off the lease of the request; nothing to take off is no error. */
export function releaseResource(
  transaction: Transaction,
  metadata: Metadata,
  { namespace, lease }: RequestScope,
  resource: ResourceReference,
): void {
  if (lease !== undefined) removeHeld(transaction, metadata, namespace, lease, resource);
}

export function addHeld(
  transaction: Transaction,
  metadata: Metadata,
  namespace: string,
  lease: string,
  resource: ResourceReference,
): void {
  const scope = resourceScope(namespace, lease);
  const id = resourceId(resource);
  if (!metadata.leaseResources.has(scope, id)) transaction.put(metadata.leaseResources, scope, id, true);
}

export function removeHeld(
  transaction: Transaction,
  metadata: Metadata,
  namespace: string,
  lease: string,
  resource: ResourceReference,
): void {
  const scope = resourceScope(namespace, lease);
  const id = resourceId(resource);
  if (metadata.leaseResources.has(scope, id)) transaction.delete(metadata.leaseResources, scope, id);
}

/** @throws invalid_argument, unimplemented. */
export function checkResource({ type, id }: UncheckedResource): ResourceReference {
  const parts = type.split('/');
  const [kind = ''] = parts;
  switch (kind) {
    case 'content':
    case 'ingests':
    case 'images': {
      if (parts.length !== 1) throw invalidArgument(`invalid resource type ${type}: invalid argument`);
      const fault = kind === 'content' ? digestFault(id) : undefined;
      if (fault !== undefined) throw invalidArgument(`invalid content resource id ${id}: ${fault}: invalid argument`);
      return { type: kind, id };
    }
    case 'snapshots':
      if (parts.length !== 2) throw invalidArgument(`invalid snapshot resource type ${type}: invalid argument`);
      return { type: `snapshots/${parts[1]}`, id };
    default:
      throw unimplemented(`resource type ${type} not supported yet: not implemented`);
  }
}
