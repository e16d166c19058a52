/**
 * Where a stream of a process goes. A sink takes a chunk whole and keeps what its other end has no room for; until that is
 * gone it is not `ready`, and nobody reads more for it. So back-pressure reaches the container, and no byte is lost.
 */
export interface Sink {
  /** Tries to get rid of what is kept; true if the next chunk may come. */
  ready(): boolean;
  /** Takes all of the chunk; call only when ready. The chunk's buffer is reused afterwards. */
  write(chunk: Uint8Array): void;
  /** True once nothing can be delivered any more: the reader is gone for good. */
  readonly broken: boolean;
  /** The stream is over (or given up): releases everything. What is still kept is lost. */
  close(): void;
}
