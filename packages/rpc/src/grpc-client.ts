/**
 * A gRPC client for generated service definitions, over a unix socket.
 *
 * It drives grpc-js at the level of its Channel and Call: a message is asked for when the reader wants one and written when
 * the transport has taken the last, so back-pressure needs no stream objects, and a unary call makes no more promises,
 * timers and interceptors than it needs. Failures are CodedErrors with the peer's text; a stream's failure may overtake
 * messages that nobody has read yet (grpc-js drops them).
 *
 * Reconnecting: a call on a broken channel fails at once with unavailable, and the channel tries again after 50 ms, growing
 * to a second. On a unix socket the kernel tells a peer's death, so there are no keepalive pings (Go servers
 * punish frequent ones).
 */
import { canceled, type CodedError, deadlineExceeded, internal, unavailable } from '@docker-ts/base/errors';
import { fromGrpcStatus } from '@docker-ts/base/status';
import {
  Channel,
  type ChannelCredentials,
  connectivityState,
  credentials,
  Metadata,
  status,
  type StatusObject,
} from '@grpc/grpc-js';
import type { Socket } from 'node:net';
import { maxMessageBytes } from './grpc-limits.ts';
import { withStreamWindows } from './http2-window.ts';
import type {
  CallOptions,
  ClientOf,
  ClientStreamCall,
  DuplexCall,
  MessageCodec,
  MethodDefinition,
  ServiceDefinition,
} from './service.ts';
import { decodeMessage, encodeInput } from './service.ts';

export interface GrpcClientOptions {
  /** Sent with each call; `containerd-namespace` for one. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Calls on a broken channel wait for it to come back, up to their deadline, instead of failing at once. */
  readonly waitForReady?: boolean;
}

/** Insecure credentials whose connections pass through the window correction; grpc-js has no other door to the socket. */
function channelCredentials(): ChannelCredentials {
  const insecure = credentials.createInsecure();
  const createConnector = insecure._createSecureConnector.bind(insecure);
  insecure._createSecureConnector = (...parameters) =>
    Object.assign(createConnector(...parameters), {
      connect: async (socket: Socket) => ({ socket: withStreamWindows(socket) as Socket, secure: false }),
    });
  return insecure;
}

/** One connection to a server, made when it is first needed and made again when it breaks. */
export class GrpcChannel implements Disposable {
  readonly path: string;
  readonly #channel: Channel;

  constructor(path: string) {
    this.path = path;
    this.#channel = new Channel(`unix:${path}`, channelCredentials(), {
      'grpc.max_receive_message_length': maxMessageBytes,
      'grpc.max_send_message_length': -1,
      'grpc.initial_reconnect_backoff_ms': 50,
      'grpc.max_reconnect_backoff_ms': 1000,
      'grpc.enable_retries': 0,
      'grpc.enable_channelz': 0,
      'grpc.service_config_disable_resolution': 1,
      'grpc.use_local_subchannel_pool': 1,
    });
  }

  /** A client of one service on this channel. Clients cost little: make one for each namespace. */
  client<Definition extends ServiceDefinition>(
    definition: Definition,
    options: GrpcClientOptions = {},
  ): ClientOf<Definition> {
    const client: Record<string, unknown> = {};
    for (const [name, method] of Object.entries<MethodDefinition>(definition.methods)) {
      const path = `/${definition.fullName}/${method.name}`;
      const start = (call: CallOptions = {}) => new GrpcCall(this.#channel, path, options, call);
      client[name] = caller(method, start);
    }
    return client as ClientOf<Definition>;
  }

  /** Settles when the channel is connected; deadline_exceeded if that takes longer than the given time. */
  async waitForReady(timeoutMs: number): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const state = this.#channel.getConnectivityState(true);
      if (state === connectivityState.READY) return;
      if (state === connectivityState.SHUTDOWN) throw unavailable(`cannot reach "${this.path}": the channel is closed`);
      await new Promise<void>((resolve, reject) => {
        this.#channel.watchConnectivityState(state, deadline, (error) => {
          if (error)
            reject(deadlineExceeded(`cannot reach "${this.path}": no connection after ${timeoutMs} ms`, error));
          else resolve();
        });
      });
    }
  }

  /** Calls under way fail; the channel is of no more use. */
  close(): void {
    this.#channel.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function caller(method: MethodDefinition, start: (options?: CallOptions) => GrpcCall): unknown {
  const { requestType, responseType } = method;
  if (method.requestStream && method.responseStream)
    return (options?: CallOptions) => new GrpcDuplexCall(start(options), requestType, responseType);
  if (method.requestStream)
    return (options?: CallOptions) => new GrpcClientStreamCall(start(options), requestType, responseType);
  if (method.responseStream)
    return (request: unknown, options?: CallOptions) => {
      const call = start(options);
      call.sendLast(encodeInput(requestType, request));
      return responsesOf(call, responseType);
    };
  return async (request: unknown, options?: CallOptions) => {
    const call = start(options);
    call.sendLast(encodeInput(requestType, request));
    return onlyResponse(call, responseType);
  };
}

async function onlyResponse(call: GrpcCall, codec: MessageCodec): Promise<unknown> {
  const bytes = await call.read();
  // The status follows the message; an error there takes precedence.
  if (bytes === undefined || (await call.read()) !== undefined)
    throw internal('cannot read the answer: the server did not send exactly one message');
  return decodeMessage(codec, bytes);
}

/** Starts reading when iterated; leaving the iteration early cancels the call. */
async function* responsesOf(call: GrpcCall, codec: MessageCodec): AsyncGenerator {
  try {
    for (let bytes = await call.read(); bytes !== undefined; bytes = await call.read())
      yield decodeMessage(codec, bytes);
  } finally {
    call.cancel();
  }
}

class GrpcDuplexCall implements DuplexCall<unknown, unknown> {
  readonly #call: GrpcCall;
  readonly #requestType: MessageCodec;
  readonly #responses: AsyncGenerator;

  constructor(call: GrpcCall, requestType: MessageCodec, responseType: MessageCodec) {
    this.#call = call;
    this.#requestType = requestType;
    this.#responses = responsesOf(call, responseType);
  }

  send(message: unknown): Promise<void> {
    return this.#call.send(encodeInput(this.#requestType, message));
  }

  end(): void {
    this.#call.end();
  }

  cancel(): void {
    this.#call.cancel();
  }

  [Symbol.asyncIterator](): AsyncIterator<unknown> {
    return this.#responses;
  }
}

class GrpcClientStreamCall implements ClientStreamCall<unknown, unknown> {
  readonly #call: GrpcCall;
  readonly #requestType: MessageCodec;
  readonly #responseType: MessageCodec;

  constructor(call: GrpcCall, requestType: MessageCodec, responseType: MessageCodec) {
    this.#call = call;
    this.#requestType = requestType;
    this.#responseType = responseType;
  }

  send(message: unknown): Promise<void> {
    return this.#call.send(encodeInput(this.#requestType, message));
  }

  finish(): Promise<unknown> {
    this.#call.end();
    return onlyResponse(this.#call, this.#responseType);
  }
}

type Reader = { resolve(bytes: Uint8Array | undefined): void; reject(error: CodedError): void };

/** One call: bytes out, bytes in one at a time, then a status. */
class GrpcCall {
  readonly #call: ReturnType<Channel['createCall']>;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = (): void => this.cancel();
  #reader: Reader | undefined;
  #outcome: StatusObject | undefined;
  /** Ends the waits of `send`, which grpc-js forgets when the call fails. */
  readonly #sending = new Set<() => void>();
  #ended = false;

  constructor(channel: Channel, path: string, client: GrpcClientOptions, options: CallOptions) {
    const deadline = options.timeoutMs === undefined ? Infinity : Date.now() + options.timeoutMs;
    this.#call = channel.createCall(path, deadline, null, null, null);
    this.#signal = options.signal;
    const metadata = new Metadata({ waitForReady: client.waitForReady ?? false });
    for (const [key, value] of Object.entries({ ...client.metadata, ...options.metadata })) metadata.set(key, value);
    this.#call.start(metadata, {
      onReceiveMetadata: () => {},
      onReceiveMessage: (bytes: Uint8Array) => this.#settle((reader) => reader.resolve(bytes)),
      onReceiveStatus: (outcome) => this.#finish(outcome),
    });
    if (this.#signal?.aborted) this.cancel();
    else this.#signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  /** The next message, or undefined after the last one of a call that went well. */
  read(): Promise<Uint8Array | undefined> {
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject };
      if (this.#outcome) this.#finish(this.#outcome);
      else this.#call.startRead();
    });
  }

  async send(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    if (!this.#outcome) {
      await new Promise<void>((resolve) => {
        const sent = (): void => {
          this.#sending.delete(sent);
          resolve();
        };
        this.#sending.add(sent);
        this.#call.sendMessageWithContext({ callback: sent }, bufferOf(bytes));
      });
    }
    if (this.#outcome && this.#outcome.code !== status.OK) throw this.#failure(this.#outcome);
  }

  sendLast(bytes: Uint8Array<ArrayBuffer>): void {
    this.#call.sendMessageWithContext({}, bufferOf(bytes));
    this.end();
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#call.halfClose();
  }

  cancel(): void {
    if (!this.#outcome) this.#call.cancelWithStatus(status.CANCELLED, 'the caller gave the call up');
  }

  #finish(outcome: StatusObject): void {
    this.#outcome = outcome;
    this.#signal?.removeEventListener('abort', this.#onAbort);
    for (const sent of this.#sending) sent();
    this.#settle((reader) => {
      if (outcome.code === status.OK) reader.resolve(undefined);
      else reader.reject(this.#failure(outcome));
    });
  }

  #settle(settle: (reader: Reader) => void): void {
    const reader = this.#reader;
    this.#reader = undefined;
    if (reader) settle(reader);
  }

  #failure(outcome: StatusObject): CodedError {
    if (this.#signal?.aborted) return canceled('cannot finish the call: it was given up', this.#signal.reason);
    return fromGrpcStatus(outcome.code, outcome.details);
  }
}

function bufferOf(bytes: Uint8Array<ArrayBuffer>): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
