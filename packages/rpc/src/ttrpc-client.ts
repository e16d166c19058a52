/**
 * A ttrpc client for generated service definitions: many calls at once over one connection, answered in any order.
 *
 * ttrpc cannot cancel: giving a call up only forgets it here, and the server learns of a deadline from the request. When the
 * connection closes, every open call fails with unavailable and Go's text, `ttrpc: closed`; a client does not reconnect.
 */
import { UnixSocket } from '@docker-ts/linux/unix-socket';
import type { CallOptions, ClientOf, MethodDefinition, ServiceDefinition } from './service.ts';
import { decodeMessage, encodeInput } from './service.ts';
import { CallLimits, connectionClosed, decodeResponse, encodeRequest, type OpenCall } from './ttrpc-call.ts';
import { TtrpcClientStreamCall, TtrpcDuplexCall, TtrpcStreamingCall } from './ttrpc-client-stream.ts';
import { TtrpcConnection } from './ttrpc-connection.ts';
import { type Frame, frameFlag, frameType } from './ttrpc-frame.ts';
import { TtrpcStream } from './ttrpc-stream.ts';

export interface TtrpcClientOptions {
  /** Sent with each call; `containerd-namespace-ttrpc` for one. */
  readonly metadata?: Readonly<Record<string, string>>;
}

export class TtrpcClient implements Disposable {
  /** Settles when the connection is closed, whoever closed it. */
  readonly closed: Promise<void>;
  readonly #connection: TtrpcConnection;
  readonly #calls = new Map<number, OpenCall>();
  #nextStreamId = 1;

  constructor(socket: UnixSocket) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    this.#connection = new TtrpcConnection(socket, {
      frame: (frame) => this.#receive(frame),
      close: () => {
        for (const call of this.#calls.values()) call.fail(connectionClosed());
        this.#calls.clear();
        resolve();
      },
    });
  }

  /** Connects to a server's socket; nobody there is unavailable. */
  static async connect(path: string): Promise<TtrpcClient> {
    return new TtrpcClient(await UnixSocket.connect(path));
  }

  /** A client of one service on this connection. */
  client<Definition extends ServiceDefinition>(
    definition: Definition,
    options: TtrpcClientOptions = {},
  ): ClientOf<Definition> {
    const client: Record<string, unknown> = {};
    for (const [name, method] of Object.entries<MethodDefinition>(definition.methods))
      client[name] = this.#caller(definition.fullName, method, options);
    return client as ClientOf<Definition>;
  }

  /** Closes the connection; open calls fail. */
  close(): void {
    this.#connection.destroy();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #caller(service: string, method: MethodDefinition, options: TtrpcClientOptions): unknown {
    const { name, requestType, responseType } = method;
    const encode = (payload: Uint8Array<ArrayBuffer>, call: CallOptions) =>
      encodeRequest(service, name, payload, { ...options.metadata, ...call.metadata }, call.timeoutMs);
    if (!method.requestStream && !method.responseStream)
      return async (request: unknown, call: CallOptions = {}) =>
        decodeMessage(responseType, await this.#unary(encode(encodeInput(requestType, request), call), call));
    if (!method.requestStream)
      return (request: unknown, call: CallOptions = {}) =>
        this.#stream(encode(encodeInput(requestType, request), call), frameFlag.remoteClosed, call).responses(
          responseType,
        );
    return (call: CallOptions = {}) => {
      const stream = this.#stream(encode(new Uint8Array(), call), frameFlag.remoteOpen, call);
      return method.responseStream
        ? new TtrpcDuplexCall(stream, requestType, responseType)
        : new TtrpcClientStreamCall(stream, requestType, responseType);
    };
  }

  #unary(request: Uint8Array, options: CallOptions): Promise<Uint8Array> {
    return new Promise((resolve, reject: (error: unknown) => void) => {
      const streamId = this.#nextStreamId;
      const call: OpenCall = {
        receive: (frame) => {
          this.#calls.delete(streamId);
          limits.clear();
          try {
            resolve(decodeResponse(frame));
          } catch (error) {
            reject(error);
          }
        },
        fail: (error) => {
          this.#calls.delete(streamId);
          limits.clear();
          reject(error);
        },
      };
      const limits = new CallLimits(options, (error) => call.fail(error));
      if (limits.exceeded) reject(limits.exceeded);
      else this.#open(request, 0, call);
    });
  }

  #stream(request: Uint8Array, flags: number, options: CallOptions): TtrpcStreamingCall {
    const stream = new TtrpcStream(this.#nextStreamId, this.#connection, {
      localClosed: flags === frameFlag.remoteClosed,
    });
    const call = new TtrpcStreamingCall(stream, () => void this.#calls.delete(stream.id));
    call.limit(options);
    if (!stream.closed) this.#open(request, flags, call);
    return call;
  }

  /** Takes the next stream id, unless the request cannot be sent. */
  #open(request: Uint8Array, flags: number, call: OpenCall): void {
    try {
      if (this.#connection.closed) throw connectionClosed();
      this.#connection.send(this.#nextStreamId, frameType.request, flags, request);
      this.#calls.set(this.#nextStreamId, call);
      this.#nextStreamId += 2;
    } catch (error) {
      call.fail(error);
    }
  }

  /** Frames of calls that were given up are of no interest. */
  #receive(frame: Frame): void {
    this.#calls.get(frame.streamId)?.receive(frame);
  }
}
