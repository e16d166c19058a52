/**
 * Chain ids name a stack of layers by content (image-spec config.md, "Layer ChainID"): the first layer's is its diff id, each further one's
 * the digest of the chain below, a space and the layer's diff id. Snapshots are keyed by them, so that images share what they have in common.
 */
import { digestOf } from './digester.ts';
import type { Digest } from './digest.ts';

/** The chain id of each layer, from the bottom up; empty for no layers. */
export function chainIds(diffIds: readonly Digest[]): Digest[] {
  const chain: Digest[] = [];
  for (const diffId of diffIds) {
    const below = chain.at(-1);
    chain.push(below === undefined ? diffId : digestOf(`${below} ${diffId}`));
  }
  return chain;
}

/** The chain id of the whole stack; undefined for no layers. */
export function chainId(diffIds: readonly Digest[]): Digest | undefined {
  return chainIds(diffIds).at(-1);
}
