/** Who asks: the namespace that a request is about, and the lease that is to hold what the request makes. */
export interface RequestScope {
  readonly namespace: string;
  readonly lease?: string;
}

/** What a store in this process answers at once, and one behind a connection later. */
export type Awaitable<T> = T | Promise<T>;

let last = 0n;

/**
 * The current time as all records keep it: nanoseconds since the epoch. The wall clock of the runtime has milliseconds; within one of
 * them the answers still rise, so that an update is later than the creation.
 */
export function nowNs(): bigint {
  const ms = BigInt(Date.now());
  const ns = ms * 1_000_000n;
  last = last >= ns && last < ns + 999_000n ? last + 1000n : ns;
  return last;
}
