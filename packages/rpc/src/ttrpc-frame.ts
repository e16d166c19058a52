/**
 * The frames of ttrpc, containerd's light gRPC for local sockets (github.com/containerd/ttrpc, PROTOCOL.md). Both sides send
 * frames over a stream socket from the first byte on: there is no greeting, no ping and no flow control.
 *
 *      0               4               8   9  10
 *     +---------------+---------------+---+---+------------------------
 *     | length   u32  | stream   u32  | t | f | data, `length` bytes
 *     +---------------+---------------+---+---+------------------------
 *       big endian      big endian      |   flags
 *                                     type
 *
 *     type 1 request    data is ttrpc.Request      client → server, opens a stream
 *          2 response   data is ttrpc.Response     server → client, ends it
 *          3 data       data is a message          either way, on a streaming call
 *
 *     flag 1 remote closed   the sender sends no more on this stream
 *          2 remote open     on a request: data frames will follow
 *          4 no data         the frame carries no message (an empty one without it is an empty message)
 *
 * A frame longer than `maxDataBytes` is not kept: its bytes are passed over as they come, and it is reported in place of its
 * data, so that the stream can be refused and the connection goes on.
 */
export const headerBytes = 10;
export const maxDataBytes = 4 * 1024 * 1024;

export const frameType = { request: 1, response: 2, data: 3 } as const;
export const frameFlag = { remoteClosed: 1, remoteOpen: 2, noData: 4 } as const;

export interface FrameHeader {
  readonly streamId: number;
  readonly type: number;
  readonly flags: number;
  /** The length in the header, also where the data was not kept. */
  readonly length: number;
}

export interface Frame extends FrameHeader {
  /** Absent if the frame was too long and its bytes were passed over. */
  readonly data: Uint8Array | undefined;
}

/** One frame, ready for the socket. The caller keeps `data` within `maxDataBytes`. */
export function encodeFrame(
  streamId: number,
  type: number,
  flags: number,
  data: Uint8Array = new Uint8Array(),
): Uint8Array {
  const bytes = new Uint8Array(headerBytes + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  view.setUint32(4, streamId);
  view.setUint8(8, type);
  view.setUint8(9, flags);
  bytes.set(data, headerBytes);
  return bytes;
}

function decodeHeader(bytes: Uint8Array): FrameHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, headerBytes);
  return { length: view.getUint32(0), streamId: view.getUint32(4), type: view.getUint8(8), flags: view.getUint8(9) };
}

/**
 * Cuts a byte stream into frames, whatever the pieces it arrives in. A frame that lies whole within one piece is a view of
 * it; one that spans pieces is put together once.
 */
export class FrameDecoder {
  readonly #headerPart = new Uint8Array(headerBytes);
  #headerHave = 0;
  #header: FrameHeader | undefined;
  #data: Uint8Array | undefined;
  #have = 0;

  /** The frames that end within this piece. The piece must not be written to afterwards. */
  *push(piece: Uint8Array): Generator<Frame> {
    let at = 0;
    while (at < piece.length || this.#header) {
      if (!this.#header) {
        at += this.#takeHeader(piece, at);
        if (!this.#header) return;
      }
      const { length } = this.#header;
      const wanted = length - this.#have;
      const available = Math.min(wanted, piece.length - at);
      if (length <= maxDataBytes) this.#takeData(piece.subarray(at, at + available), length);
      at += available;
      this.#have += available;
      if (this.#have < length) return;
      const frame = { ...this.#header, data: length <= maxDataBytes ? this.#data : undefined };
      this.#header = undefined;
      this.#data = undefined;
      this.#have = 0;
      yield frame;
    }
  }

  /** True between two frames: a connection that ends elsewhere was cut. */
  get atBoundary(): boolean {
    return this.#headerHave === 0 && this.#header === undefined;
  }

  #takeHeader(piece: Uint8Array, at: number): number {
    const part = piece.subarray(at, at + headerBytes - this.#headerHave);
    this.#headerPart.set(part, this.#headerHave);
    this.#headerHave += part.length;
    if (this.#headerHave === headerBytes) {
      this.#header = decodeHeader(this.#headerPart);
      this.#headerHave = 0;
    }
    return part.length;
  }

  #takeData(part: Uint8Array, length: number): void {
    if (this.#have === 0 && part.length === length) {
      this.#data = part;
      return;
    }
    this.#data ??= new Uint8Array(length);
    this.#data.set(part, this.#have);
  }
}
