/**
 * Versions of the Engine API. Every path may carry one (`/v1.47/…`); without it the newest is meant. Routes look at the version
 * where an answer changed its shape.
 */
import { invalidArgument } from '@docker-ts/base/errors';

export const newestApiVersion = '1.51';
export const oldestApiVersion = '1.24';

const minorOf = (version: string): number => Number(version.slice(version.indexOf('.') + 1));
const majorOf = (version: string): number => Number(version.slice(0, version.indexOf('.')));

/** Negative if `a` is the older one. */
export function compareApiVersions(a: string, b: string): number {
  return majorOf(a) - majorOf(b) || minorOf(a) - minorOf(b);
}

export interface VersionedPath {
  readonly version: string;
  /** The rest of the URL, with its query. */
  readonly url: string;
}

/** Takes the version off a URL; one that is no version stays in the path, where no route will match it. */
export function splitVersion(url: string): VersionedPath {
  const match = /^\/v(\d+\.\d+)(?=[/?]|$)/.exec(url);
  if (match === null) return { version: newestApiVersion, url };
  const rest = url.slice(match[0].length);
  return { version: match[1] ?? newestApiVersion, url: rest.startsWith('/') ? rest : `/${rest}` };
}

/** invalid_argument for a version out of range, in the words that clients look for. */
export function verifyApiVersion(version: string): void {
  if (compareApiVersions(version, newestApiVersion) > 0)
    throw invalidArgument(`client version ${version} is too new. Maximum supported API version is ${newestApiVersion}`);
  if (compareApiVersions(version, oldestApiVersion) < 0)
    throw invalidArgument(
      `client version ${version} is too old. Minimum supported API version is ${oldestApiVersion}, ` +
        'please upgrade your client to a newer version',
    );
}
