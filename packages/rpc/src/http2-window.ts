/**
 * A correction for Bun's HTTP/2 client. When a server raises SETTINGS_INITIAL_WINDOW_SIZE, the send windows of the streams
 * that are open grow by the difference (RFC 9113, 6.9.2). Bun (1.4.5) grows only those opened later, so an upload to a Go
 * server, which raises the value as it measures the connection, stops for ever after some hundred KiB. Known upstream:
 * oven-sh/bun#30342, #41329. Bun's server side does it right.
 *
 * The filter sits between the socket and the HTTP/2 session. It takes later values of the setting out of what the server
 * sends and says the same with WINDOW_UPDATE frames, once for each stream: for those that are open when the value comes, and
 * for new ones as they open. Both ends count the same bytes, whether or not the session applies the setting rightly, so
 * the filter does no harm once Bun is mended.
 *
 *     server ──SETTINGS window=N──▶ filter ──SETTINGS──▶ session
 *                                          ──WINDOW_UPDATE stream 1 + (N − before)──▶
 */
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

const frameHeaderBytes = 9;
const prefaceBytes = 24;
const settingBytes = 6;
const type = { data: 0, headers: 1, rstStream: 3, settings: 4, windowUpdate: 8 } as const;
const flag = { endStream: 1, ack: 1 } as const;
const initialWindowSize = 4;
const defaultWindowBytes = 65_535;

interface FrameHeader {
  readonly length: number;
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
}

function frameHeaderOf(bytes: Uint8Array): FrameHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, frameHeaderBytes);
  return {
    length: (view.getUint16(0) << 8) | view.getUint8(2),
    type: view.getUint8(3),
    flags: view.getUint8(4),
    streamId: view.getUint32(5) & 0x7fffffff,
  };
}

function frame(frameType: number, flags: number, streamId: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(frameHeaderBytes + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, payload.length >> 8);
  view.setUint8(2, payload.length & 0xff);
  view.setUint8(3, frameType);
  view.setUint8(4, flags);
  view.setUint32(5, streamId);
  bytes.set(payload, frameHeaderBytes);
  return bytes;
}

function windowUpdate(streamId: number, increment: number): Uint8Array {
  const payload = new Uint8Array(4);
  new DataView(payload.buffer).setUint32(0, increment);
  return frame(type.windowUpdate, 0, streamId, payload);
}

/** Walks a byte stream frame by frame without keeping payloads. */
class FrameWalker {
  #skip: number;
  readonly #header = new Uint8Array(frameHeaderBytes);
  #have = 0;

  constructor(skip = 0) {
    this.#skip = skip;
  }

  /** True where a frame of one's own may be put in: no payload is under way. */
  get atBoundary(): boolean {
    return this.#skip === 0;
  }

  /** Calls `run` for bytes of payloads and `header` for each whole frame header; `header` tells if it takes the payload too. */
  walk(
    bytes: Uint8Array,
    run: (bytes: Uint8Array) => void,
    header: (raw: Uint8Array, parsed: FrameHeader) => void,
  ): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.#skip > 0) {
        const part = bytes.subarray(at, at + this.#skip);
        this.#skip -= part.length;
        at += part.length;
        run(part);
        continue;
      }
      const part = bytes.subarray(at, at + frameHeaderBytes - this.#have);
      this.#header.set(part, this.#have);
      this.#have += part.length;
      at += part.length;
      if (this.#have < frameHeaderBytes) return;
      this.#have = 0;
      const parsed = frameHeaderOf(this.#header);
      this.#skip = parsed.length;
      header(this.#header.slice(), parsed);
    }
  }
}

export class StreamWindowFilter {
  readonly #inbound = new FrameWalker();
  readonly #outbound = new FrameWalker(prefaceBytes);
  /** Streams on which the client still sends. */
  readonly #sending = new Set<number>();
  #lastStreamId = 0;
  /** What the session was told first, and what the server says now. */
  #told: number | undefined;
  #actual = defaultWindowBytes;
  #settings: { flags: number; payload: Uint8Array; have: number } | undefined;
  /** Frames of ours that wait for a boundary. */
  #updates: Uint8Array[] = [];

  /** What the session should read in place of these bytes from the server. */
  fromServer(bytes: Uint8Array): Uint8Array[] {
    const out: Uint8Array[] = [];
    this.#inbound.walk(
      bytes,
      (part) => {
        if (this.#settings) this.#takeSettings(part, out);
        else out.push(part);
        if (this.#inbound.atBoundary) out.push(...this.takeUpdates());
      },
      (raw, header) => {
        if (header.type === type.settings && !(header.flags & flag.ack)) {
          this.#settings = { flags: header.flags, payload: new Uint8Array(header.length), have: 0 };
          if (header.length === 0) this.#takeSettings(new Uint8Array(), out);
          return;
        }
        if (header.type === type.rstStream) this.#sending.delete(header.streamId);
        out.push(raw);
        if (header.length === 0) out.push(...this.takeUpdates());
      },
    );
    return out;
  }

  /** Learns from what the session sends which streams it has opened. The bytes go out as they are. */
  toServer(bytes: Uint8Array): void {
    this.#outbound.walk(
      bytes,
      () => {},
      (_raw, header) => {
        if (header.type === type.headers && header.streamId > this.#lastStreamId) this.#opened(header.streamId);
        const carries = header.type === type.headers || header.type === type.data;
        if ((carries && header.flags & flag.endStream) || header.type === type.rstStream)
          this.#sending.delete(header.streamId);
      },
    );
  }

  /** Frames for the session that may be read now; none while the payload of another frame is under way. */
  takeUpdates(): Uint8Array[] {
    return this.#inbound.atBoundary ? this.#updates.splice(0) : [];
  }

  #opened(streamId: number): void {
    this.#lastStreamId = streamId;
    this.#sending.add(streamId);
    const missing = this.#actual - (this.#told ?? defaultWindowBytes);
    if (missing > 0) this.#updates.push(windowUpdate(streamId, missing));
  }

  #takeSettings(part: Uint8Array, out: Uint8Array[]): void {
    const settings = this.#settings!;
    settings.payload.set(part, settings.have);
    settings.have += part.length;
    if (settings.have < settings.payload.length) return;
    this.#settings = undefined;
    out.push(frame(type.settings, settings.flags, 0, this.#withoutWindow(settings.payload)));
  }

  /** The settings without a raised window, which is said with updates instead. The first one and a lowered one pass. */
  #withoutWindow(payload: Uint8Array): Uint8Array {
    const view = new DataView(payload.buffer);
    const kept: Uint8Array[] = [];
    const first = this.#told === undefined;
    for (let at = 0; at + settingBytes <= payload.length; at += settingBytes) {
      const value = view.getUint32(at + 2);
      const isWindow = view.getUint16(at) === initialWindowSize;
      if (!isWindow || first || value < this.#actual) kept.push(payload.subarray(at, at + settingBytes));
      else for (const streamId of this.#sending) this.#updates.push(windowUpdate(streamId, value - this.#actual));
      if (isWindow) {
        if (first || value < this.#actual) this.#told = value;
        this.#actual = value;
      }
    }
    this.#told ??= defaultWindowBytes;
    return Buffer.concat(kept);
  }
}

/** The socket as an HTTP/2 session should see it. */
export function withStreamWindows(socket: Socket): Duplex {
  const filter = new StreamWindowFilter();
  const session = new Duplex({
    read: () => void socket.resume(),
    write: (chunk: Uint8Array, _encoding, done) => {
      filter.toServer(chunk);
      for (const update of filter.takeUpdates()) session.push(update);
      socket.write(chunk, done);
    },
    final: (done) => void socket.end(done),
    destroy: (error, done) => {
      socket.destroy();
      done(error);
    },
  });
  socket.on('data', (bytes: Uint8Array) => {
    let wanted = true;
    for (const part of filter.fromServer(bytes)) wanted = session.push(part);
    if (!wanted) socket.pause();
  });
  socket.on('end', () => session.push(null));
  socket.on('error', (error) => session.destroy(error));
  socket.on('close', () => session.destroy());
  // grpc-js unrefs idle sessions so that they do not keep a process alive.
  return Object.assign(session, { ref: () => socket.ref(), unref: () => socket.unref() });
}
