/**
 * Content digests, `algorithm:hex` (image-spec descriptor.md, "Digests"). The error texts are those of opencontainers/go-digest, which
 * clients show to their users.
 */
import { invalidArgument } from '@docker-ts/base/errors';

/** A digest that has been checked. */
export type Digest = string & { readonly __digest: unique symbol };

const hexLength: Readonly<Record<string, number>> = { sha256: 64, sha384: 96, sha512: 128 };

const formPattern = /^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[A-Za-z0-9=_-]+$/;

/** @throws invalid_argument with go-digest's text. */
export function parseDigest(text: string): Digest {
  const fault = digestFault(text);
  if (fault !== undefined) throw invalidArgument(fault);
  return text as Digest;
}

/** What is wrong with a digest, undefined if nothing is. */
export function digestFault(text: string): string | undefined {
  const { algorithm, encoded } = splitDigest(text);
  if (!formPattern.test(text)) return 'invalid checksum digest format';
  const length = hexLength[algorithm];
  if (length === undefined) return 'unsupported digest algorithm';
  if (encoded.length !== length) return 'invalid checksum digest length';
  return /^[a-f0-9]+$/.test(encoded) ? undefined : 'invalid checksum digest format';
}

/** The two sides of the colon. */
export function splitDigest(digest: string): { algorithm: string; encoded: string } {
  const colon = digest.indexOf(':');
  return { algorithm: digest.slice(0, Math.max(colon, 0)), encoded: digest.slice(colon + 1) };
}
