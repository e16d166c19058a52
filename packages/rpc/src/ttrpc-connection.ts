/**
 * A socket that carries ttrpc frames. ttrpc has no flow control of its own, so back-pressure is the socket's: a writer
 * waits for `drained`, and a reader that cannot keep up makes the connection `hold`, which stops reading for all streams.
 */
import { resourceExhausted } from '@docker-ts/base/errors';
import type { UnixSocket } from '@docker-ts/linux/unix-socket';
import { encodeFrame, type Frame, FrameDecoder, maxDataBytes } from './ttrpc-frame.ts';

export interface TtrpcConnectionEvents {
  frame(frame: Frame): void;
  /** Once, whoever closed it. */
  close(): void;
}

/** The text that Go's ttrpc has for a frame above the limit, on either side. */
export function oversized(length: number): Error {
  return resourceExhausted(`message length ${length} exceed maximum message size of ${maxDataBytes}`);
}

export class TtrpcConnection {
  readonly #socket: UnixSocket;
  readonly #decoder = new FrameDecoder();
  readonly #drainWaits = new Set<() => void>();
  #holds = 0;
  #closed = false;

  constructor(socket: UnixSocket, events: TtrpcConnectionEvents) {
    this.#socket = socket;
    socket.events = {
      data: (bytes) => {
        for (const frame of this.#decoder.push(bytes)) events.frame(frame);
      },
      drain: () => this.#wakeWriters(),
      close: () => {
        this.#closed = true;
        this.#wakeWriters();
        events.close();
      },
    };
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Frames written but not yet taken by the kernel, in bytes. */
  get pendingBytes(): number {
    return this.#socket.pendingBytes;
  }

  /** Writes a frame; data above the limit is resource_exhausted and nothing is written. */
  send(streamId: number, type: number, flags: number, data?: Uint8Array): void {
    if (data && data.length > maxDataBytes) throw oversized(data.length);
    this.#socket.write(encodeFrame(streamId, type, flags, data));
  }

  /** Settles when everything written is with the kernel, or the connection is closed. */
  async drained(): Promise<void> {
    if (this.#closed || this.#socket.pendingBytes === 0) return;
    await new Promise<void>((resolve) => this.#drainWaits.add(resolve));
  }

  /** Stops reading until as many `release` calls came. Frames that are already here are still delivered. */
  hold(): void {
    this.#holds += 1;
    if (this.#holds === 1) this.#socket.pause();
  }

  release(): void {
    this.#holds -= 1;
    if (this.#holds === 0) this.#socket.resume();
  }

  /** Closes after everything written is with the kernel. */
  end(): void {
    this.#socket.end();
  }

  /** Closes at once. */
  destroy(): void {
    this.#socket.destroy();
  }

  #wakeWriters(): void {
    for (const wake of this.#drainWaits) wake();
    this.#drainWaits.clear();
  }
}
