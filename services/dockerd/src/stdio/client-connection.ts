/** A client on the streams of a process, whatever it came over. */
export interface ClientConnection {
  readonly input: AsyncIterable<Uint8Array>;
  /** Settles when there is room for more; rejects once the client is gone. */
  write(bytes: Uint8Array): void | Promise<void>;
  end(): void;
  /** Aborted when the connection is over, whoever ended it. */
  readonly gone: AbortSignal;
}
