/** A request's scope as call options: the other direction of `request-scope.ts`, for the proxies. */
import type { CallOptions } from '@docker-ts/rpc/service';
import type { RequestScope } from '../metadata/scope.ts';
import { leaseHeader, namespaceHeader } from './request-scope.ts';

export function scopedCall({ namespace, lease }: RequestScope): CallOptions {
  return { metadata: { [namespaceHeader]: namespace, ...(lease !== undefined && { [leaseHeader]: lease }) } };
}
