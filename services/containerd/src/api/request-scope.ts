/** The scope of a call from its metadata: `containerd-namespace`, `containerd-lease` (containerd pkg/namespaces, core/leases). */
import { failedPrecondition, wrap } from '@docker-ts/base/errors';
import type { CallContext } from '@docker-ts/rpc/service';
import { checkIdentifier } from '../metadata/identifier.ts';
import type { RequestScope } from '../metadata/scope.ts';

export const namespaceHeader = 'containerd-namespace';
export const leaseHeader = 'containerd-lease';

/** Namespaces that have been found well formed; clients use few of them, over and over. */
const checked = new Set<string>();
const maxChecked = 1000;

/** @throws failed_precondition without a namespace, invalid_argument for a malformed one. */
export function requestScope({ metadata }: CallContext): RequestScope {
  const namespace = metadata.get(namespaceHeader);
  if (namespace === undefined || namespace === '') {
    throw failedPrecondition('namespace is required: failed precondition');
  }
  if (!checked.has(namespace)) {
    try {
      checkIdentifier(namespace);
    } catch (error) {
      throw wrap(error, 'namespace validation');
    }
    if (checked.size < maxChecked) checked.add(namespace);
  }
  const lease = metadata.get(leaseHeader);
  return lease === undefined || lease === '' ? { namespace } : { namespace, lease };
}
