/**
 * One streaming call of ttrpc, the same object on both sides. Each direction is open until its sender closes it:
 *
 *     open ── closeSend ──▶ local closed ── endReceive ──▶ closed
 *       └── endReceive ──▶ remote closed ── closeSend ──▶ closed         finish, fail: closed from any state
 *
 * Sending after closeSend is failed_precondition. Messages that arrived before an end or a failure are read before it.
 * A reader that leaves more than `inboxLimitBytes` unread holds up the whole connection; if that lasts longer than
 * `fullTimeoutMs` its stream is given up, so that one forgotten stream cannot stall the others (Go's ErrStreamFull).
 */
import { failedPrecondition, resourceExhausted } from '@docker-ts/base/errors';
import { frameFlag, frameType } from './ttrpc-frame.ts';

export const inboxLimitBytes = 4 * 1024 * 1024;
const fullTimeoutMs = 1000;

/** What a stream needs of its connection. */
export interface StreamTransport {
  send(streamId: number, type: number, flags: number, data?: Uint8Array): void;
  drained(): Promise<void>;
  hold(): void;
  release(): void;
}

type Reader = { resolve(message: Uint8Array | undefined): void; reject(error: unknown): void };

export class TtrpcStream {
  readonly id: number;
  readonly #transport: StreamTransport;
  readonly #inbox: Uint8Array[] = [];
  readonly #readers: Reader[] = [];
  #inboxBytes = 0;
  #fullTimer: NodeJS.Timeout | undefined;
  #localClosed = false;
  #remoteClosed = false;
  #failure: { readonly error: unknown } | undefined;

  /** A call whose requests do not stream starts with its own side closed; `remoteClosed` is the same for the peer's. */
  constructor(id: number, transport: StreamTransport, start: { localClosed?: boolean; remoteClosed?: boolean } = {}) {
    this.id = id;
    this.#transport = transport;
    this.#localClosed = start.localClosed ?? false;
    this.#remoteClosed = start.remoteClosed ?? false;
  }

  /** True if neither direction carries anything any more. */
  get closed(): boolean {
    return this.#localClosed && this.#remoteClosed;
  }

  get remoteClosed(): boolean {
    return this.#remoteClosed;
  }

  /** Sends a message and settles when the kernel has taken it. */
  async send(message: Uint8Array): Promise<void> {
    this.throwIfFailed();
    if (this.#localClosed) throw failedPrecondition(`cannot send on stream ${this.id}: ttrpc: stream closed`);
    this.#transport.send(this.id, frameType.data, 0, message);
    await this.#transport.drained();
    this.throwIfFailed();
  }

  throwIfFailed(): void {
    if (this.#failure) throw this.#failure.error;
  }

  /** Says that nothing more will be sent; a second time is nothing. */
  closeSend(): void {
    if (this.#localClosed) return;
    this.#localClosed = true;
    this.#transport.send(this.id, frameType.data, frameFlag.remoteClosed | frameFlag.noData);
  }

  /** The next message, or undefined after the last. */
  read(): Promise<Uint8Array | undefined> {
    const message = this.#inbox.shift();
    if (message) {
      this.#inboxBytes -= message.length;
      if (this.#inboxBytes <= inboxLimitBytes) this.#unhold();
      return Promise.resolve(message);
    }
    if (this.#failure) return Promise.reject(this.#failure.error);
    if (this.#remoteClosed) return Promise.resolve(undefined);
    return new Promise((resolve, reject) => this.#readers.push({ resolve, reject }));
  }

  /** A message came. After the peer closed its side that is failed_precondition. */
  receive(message: Uint8Array): void {
    if (this.#remoteClosed) throw failedPrecondition('ttrpc: stream closed');
    const reader = this.#readers.shift();
    if (reader) {
      reader.resolve(message);
      return;
    }
    this.#inbox.push(message);
    this.#inboxBytes += message.length;
    if (this.#inboxBytes > inboxLimitBytes && !this.#fullTimer) {
      this.#transport.hold();
      this.#fullTimer = setTimeout(() => this.fail(resourceExhausted('ttrpc: stream buffer full')), fullTimeoutMs);
    }
  }

  /** The peer will send nothing more. */
  endReceive(): void {
    this.#remoteClosed = true;
    for (const reader of this.#readers.splice(0)) reader.resolve(undefined);
  }

  /** The server is done, which ends the call in both directions: nothing may be sent after it. */
  finish(): void {
    this.#localClosed = true;
    this.endReceive();
  }

  /** Ends the call in both directions. Only the first failure counts, and none after a regular end. */
  fail(error: unknown): void {
    this.#unhold();
    if (this.#failure || this.closed) return;
    this.#failure = { error };
    this.#localClosed = true;
    this.#remoteClosed = true;
    for (const reader of this.#readers.splice(0)) reader.reject(error);
  }

  /** Forgets what nobody will read. */
  discard(): void {
    this.#inbox.length = 0;
    this.#inboxBytes = 0;
    this.#unhold();
  }

  #unhold(): void {
    if (!this.#fullTimer) return;
    clearTimeout(this.#fullTimer);
    this.#fullTimer = undefined;
    this.#transport.release();
  }
}
