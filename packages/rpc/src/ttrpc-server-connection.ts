/**
 * One connection of a ttrpc server: checks the stream ids, starts a call for each request and hands the data frames of
 * streaming calls on. What breaks the rules is answered on the stream that broke them, in the words of Go's server, and
 * the connection goes on.
 */
import { CodedError, canceled, invalidArgument, messageOf, unimplemented } from '@docker-ts/base/errors';
import { toGrpcStatus } from '@docker-ts/base/status';
import type { UnixSocket } from '@docker-ts/linux/unix-socket';
import { Request, Response } from './gen/ttrpc/request.ts';
import type { ServedMethod } from './service.ts';
import { oversized, TtrpcConnection } from './ttrpc-connection.ts';
import { type Frame, frameFlag, frameType } from './ttrpc-frame.ts';
import { TtrpcServerCall } from './ttrpc-server-call.ts';

/** No more requests are read while more than this waits for a client that does not take its answers. */
const answersLimitBytes = 8 * 1024 * 1024;

/** A failure's text must fit into a frame, whatever it quotes. */
const statusTextLimit = 1024 * 1024;

export interface TtrpcServing {
  readonly services: ReadonlyMap<string, ReadonlyMap<string, ServedMethod>>;
  onDefect(method: string, error: unknown): void;
  onClose(): void;
}

export class TtrpcServerConnection {
  readonly #connection: TtrpcConnection;
  readonly #serving: TtrpcServing;
  readonly #calls = new Map<number, TtrpcServerCall>();
  #lastStreamId = 0;
  #holding = false;
  #idle: (() => void) | undefined;

  constructor(socket: UnixSocket, serving: TtrpcServing) {
    this.#serving = serving;
    this.#connection = new TtrpcConnection(socket, {
      frame: (frame) => this.#receive(frame),
      close: () => {
        for (const call of this.#calls.values()) call.abort(canceled('cannot finish the call: the caller has gone'));
        serving.onClose();
      },
    });
  }

  /** Aborts the open calls and settles when they have answered. */
  async shutdown(reason: CodedError): Promise<void> {
    for (const call of this.#calls.values()) call.abort(reason);
    if (this.#calls.size > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
  }

  end(): void {
    this.#connection.end();
  }

  #receive(frame: Frame): void {
    try {
      if (!frame.data) throw oversized(frame.length);
      if (frame.streamId % 2 !== 1) throw invalidArgument('StreamID must be odd for client initiated streams');
      if (frame.type === frameType.request) this.#open(frame.streamId, frame.flags, frame.data);
      else if (frame.type === frameType.data) this.#data(frame.streamId, frame.flags, frame.data);
      // Other types belong to some later version and are ignored, as PROTOCOL.md asks.
    } catch (error) {
      this.#refuse(frame.streamId, error);
    }
  }

  #open(streamId: number, flags: number, data: Uint8Array): void {
    if (streamId <= this.#lastStreamId) throw invalidArgument('StreamID cannot be re-used and must increment');
    this.#lastStreamId = streamId;
    const request = decodeRequest(data);
    const service = this.#serving.services.get(request.service);
    if (!service) throw unimplemented(`service ${request.service}`);
    const method = service.get(request.method);
    if (!method) throw unimplemented(`method ${request.method}`);
    const call = new TtrpcServerCall(streamId, this.#connection, method, request, flags);
    this.#calls.set(streamId, call);
    void this.#serve(call, request);
  }

  async #serve(call: TtrpcServerCall, request: Request): Promise<void> {
    try {
      await call.run();
    } catch (error) {
      if (!(error instanceof CodedError)) this.#serving.onDefect(`/${request.service}/${request.method}`, error);
      if (!call.refused) this.#respond(call.streamId, error);
    }
    this.#close(call);
    this.#holdBack();
  }

  #data(streamId: number, flags: number, data: Uint8Array): void {
    const stream = this.#calls.get(streamId)?.stream;
    if (!stream) throw invalidArgument('StreamID is no longer active');
    const closing = (flags & frameFlag.remoteClosed) !== 0;
    if (closing && data.length > 0) throw invalidArgument('data close message cannot include data');
    try {
      if (!(flags & frameFlag.noData)) stream.receive(data);
    } catch (error) {
      throw invalidArgument(`data handling error: ${messageOf(error)}`, error);
    }
    if (closing) stream.endReceive();
  }

  /** Answers a frame that breaks the rules; the call it belongs to, if any, is over. */
  #refuse(streamId: number, error: unknown): void {
    const call = this.#calls.get(streamId);
    if (call) {
      this.#close(call);
      call.refuse(error);
    }
    this.#respond(streamId, error);
  }

  #close(call: TtrpcServerCall): void {
    this.#calls.delete(call.streamId);
    if (this.#calls.size === 0) this.#idle?.();
  }

  #respond(streamId: number, error: unknown): void {
    const { code, message } = toGrpcStatus(error);
    const status = { code, message: message.slice(0, statusTextLimit), details: [] };
    const response = Response.encode({ status, payload: new Uint8Array() }).finish();
    this.#connection.send(streamId, frameType.response, 0, response);
  }

  #holdBack(): void {
    if (this.#holding || this.#connection.pendingBytes <= answersLimitBytes) return;
    this.#holding = true;
    this.#connection.hold();
    void this.#connection.drained().then(() => {
      this.#holding = false;
      this.#connection.release();
    });
  }
}

function decodeRequest(data: Uint8Array): Request {
  try {
    return Request.decode(data);
  } catch (error) {
    throw invalidArgument(`unmarshal request error: ${messageOf(error)}`, error);
  }
}
