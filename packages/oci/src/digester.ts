/** Digests of bytes, at once or while they stream by (image-spec descriptor.md, "Digests"). */
import { createHash, type Hash } from 'node:crypto';
import type { Digest } from './digest.ts';

export type DigestAlgorithm = 'sha256' | 'sha384' | 'sha512';

/** Takes bytes in pieces and tells digest and size of all of them. */
export class Digester {
  readonly #algorithm: DigestAlgorithm;
  readonly #hash: Hash;
  #sizeBytes = 0;
  #digest: Digest | undefined;

  constructor(algorithm: DigestAlgorithm = 'sha256') {
    this.#algorithm = algorithm;
    this.#hash = createHash(algorithm);
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  update(bytes: Uint8Array | string): this {
    this.#sizeBytes += typeof bytes === 'string' ? Buffer.byteLength(bytes) : bytes.byteLength;
    this.#hash.update(bytes);
    return this;
  }

  /** The digest of everything until now. Ends the digester: later updates throw. */
  digest(): Digest {
    return (this.#digest ??= `${this.#algorithm}:${this.#hash.digest('hex')}` as Digest);
  }
}

/** The digest of these bytes. */
export function digestOf(bytes: Uint8Array | string, algorithm: DigestAlgorithm = 'sha256'): Digest {
  return new Digester(algorithm).update(bytes).digest();
}

/** True if the bytes are the ones that `expected` names. */
export function matchesDigest(bytes: Uint8Array | string, expected: Digest): boolean {
  return digestOf(bytes, expected.slice(0, expected.indexOf(':')) as DigestAlgorithm) === expected;
}
