/** Container ids: what runc takes, because they become the names of directories and cgroups. */
import { invalidArgument } from '@docker-ts/base/errors';

declare const containerIdBrand: unique symbol;
export type ContainerId = string & { readonly [containerIdBrand]: true };

/** invalid_argument: empty, `.`, `..`, or a character outside of letters, digits and `_+-.`. */
export function parseContainerId(text: string): ContainerId {
  if (text === '') throw invalidArgument('container id cannot be empty');
  if (!/^[\w+.-]+$/.test(text) || text === '.' || text === '..' || text.length > 1024)
    throw invalidArgument('invalid container ID format');
  return text as ContainerId;
}
