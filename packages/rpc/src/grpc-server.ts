/**
 * A gRPC server for generated service definitions, on a unix socket. grpc-js carries the wire; this file turns its calls
 * into async functions and generators, CodedErrors into statuses, and cancellation into an AbortSignal.
 *
 * Two habits of grpc-js shape the code: its write callback is never called once the call is over, so every wait for a write
 * also ends with the call; and the end of a call is told ("cancelled") after a normal answer too, so it counts only while
 * the implementation is still at work.
 */
import { CodedError, canceled, deadlineExceeded, unavailable } from '@docker-ts/base/errors';
import { toGrpcStatus } from '@docker-ts/base/status';
import {
  Metadata,
  Server,
  ServerCredentials,
  type handleUnaryCall,
  type sendUnaryData,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceDefinition as GrpcServiceDefinition,
} from '@grpc/grpc-js';
import { chmod, chown } from 'node:fs/promises';
import type { EventEmitter } from 'node:events';
import type { Readable } from 'node:stream';
import { ServerCallContext } from './call-context.ts';
import { maxMessageBytes } from './grpc-limits.ts';
import type {
  CallContext,
  CallMetadata,
  MessageCodec,
  MethodDefinition,
  ServedMethod,
  ServiceDefinition,
  ServiceImplementation,
} from './service.ts';
import { encodeInput } from './service.ts';
import { claimSocketPath } from './socket-path.ts';

export interface GrpcServerOptions {
  /** Told of failures that carry no code: they are defects, and the caller sees only their message. */
  readonly onDefect?: (method: string, error: unknown) => void;
}

type AnyImplementation = Readonly<Record<string, ServedMethod['invoke']>>;
type AnyCall =
  | ServerUnaryCall<unknown, unknown>
  | ServerReadableStream<unknown, unknown>
  | ServerWritableStream<unknown, unknown>
  | ServerDuplexStream<unknown, unknown>;
type WritableCall = ServerWritableStream<unknown, unknown> | ServerDuplexStream<unknown, unknown>;

export class GrpcServer implements AsyncDisposable {
  readonly #server = new Server({
    'grpc.max_receive_message_length': maxMessageBytes,
    'grpc.max_send_message_length': -1,
    'grpc.enable_channelz': 0,
  });
  readonly #calls = new Set<ServerCallContext>();
  readonly #onDefect: (method: string, error: unknown) => void;

  constructor(options: GrpcServerOptions = {}) {
    this.#onDefect = options.onDefect ?? (() => {});
  }

  /** Serves a service. A method that the implementation lacks at run time answers unimplemented. */
  register<Definition extends ServiceDefinition>(
    definition: Definition,
    implementation: ServiceImplementation<Definition>,
  ): this {
    const methods: Record<string, GrpcServiceDefinition[string]> = {};
    const handlers: Record<string, handleUnaryCall<unknown, unknown>> = {};
    for (const [name, method] of Object.entries<MethodDefinition>(definition.methods)) {
      const path = `/${definition.fullName}/${method.name}`;
      methods[name] = {
        path,
        requestStream: method.requestStream,
        responseStream: method.responseStream,
        requestSerialize: serializer(method.requestType),
        requestDeserialize: (bytes) => method.requestType.decode(bytes),
        responseSerialize: serializer(method.responseType),
        responseDeserialize: (bytes) => method.responseType.decode(bytes),
      };
      const target = implementation as unknown as AnyImplementation;
      if (target[name] === undefined) continue;
      const invoke = (request: unknown, context: CallContext) => target[name]!(request, context);
      // grpc-js calls every kind of handler as (call, callback?); its type for the table knows only the unary kind.
      handlers[name] = ((call: AnyCall, callback?: sendUnaryData<unknown>) =>
        void this.#serve(path, method, invoke, call, callback)) as handleUnaryCall<unknown, unknown>;
    }
    this.#server.addService(methods, handlers);
    return this;
  }

  /** Listens on a unix socket. A socket that somebody listens on is already_exists; one that nobody does is replaced. */
  async listen(path: string, options: { mode?: number; uid?: number; gid?: number } = {}): Promise<void> {
    await claimSocketPath(path);
    await new Promise<void>((resolve, reject) => {
      this.#server.bindAsync(`unix:${path}`, ServerCredentials.createInsecure(), (error) => {
        if (error) reject(unavailable(`cannot listen on "${path}": ${error.message}`, error));
        else resolve();
      });
    });
    ignoreLateStreamErrors(this.#server);
    if (options.uid !== undefined || options.gid !== undefined) await chown(path, options.uid ?? -1, options.gid ?? -1);
    await chmod(path, options.mode ?? 0o660);
  }

  /** Stops listening, aborts the calls that are under way, and gives them some time to end before their connections close. */
  async close(graceMs = 1000): Promise<void> {
    for (const call of this.#calls) call.abort(unavailable('cannot finish the call: the server is shutting down'));
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([
      new Promise<void>((resolve) => this.#server.tryShutdown(() => resolve())),
      new Promise<void>((resolve) => (timer = setTimeout(resolve, graceMs))),
    ]);
    clearTimeout(timer);
    this.#server.forceShutdown();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #serve(
    path: string,
    method: MethodDefinition,
    invoke: ServedMethod['invoke'],
    call: AnyCall,
    callback: sendUnaryData<unknown> | undefined,
  ): Promise<void> {
    const context = contextOf(call);
    this.#calls.add(context);
    try {
      const request = method.requestStream
        ? requestsOf(call as unknown as Readable, context)
        : (call as ServerUnaryCall<unknown, unknown>).request;
      const result = invoke(request, context);
      if (method.responseStream) {
        await sendAll(call as WritableCall, context, result as AsyncIterable<unknown>);
        context.finish();
        (call as WritableCall).end();
      } else {
        const response = await (result as Promise<unknown>);
        context.finish();
        callback?.(null, response);
      }
    } catch (error) {
      context.finish();
      if (!(error instanceof CodedError)) this.#onDefect(path, error);
      const status = statusOf(error);
      if (callback) callback(status);
      else (call as WritableCall).emit('error', status);
    } finally {
      this.#calls.delete(context);
    }
  }
}

/**
 * grpc-js listens for the first error of an HTTP/2 stream alone. Under Bun a second one may come, "write after end" on the stream
 * of a client that has gone, and an error that nobody listens for ends the process. The call has its `cancelled` already.
 */
function ignoreLateStreamErrors(server: Server): void {
  const { http2Servers } = server as unknown as { http2Servers: ReadonlyMap<EventEmitter, unknown> };
  for (const http2Server of http2Servers.keys())
    http2Server.on('stream', (stream: EventEmitter) => stream.on('error', () => {}));
}

/** Hands grpc-js the encoded bytes without another copy. */
function serializer(codec: MessageCodec): (input: unknown) => Buffer {
  return (input) => {
    const bytes = encodeInput(codec, input);
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  };
}

/** grpc-js puts the text through encodeURI, which throws on half a surrogate pair. */
function statusOf(error: unknown): { code: number; details: string; metadata: Metadata } {
  const { code, message } = toGrpcStatus(error);
  return { code, details: message.toWellFormed(), metadata: new Metadata() };
}

/** One response is on its way while the next is being made; a slow reader holds the generator back. */
async function sendAll(
  call: WritableCall,
  context: ServerCallContext,
  responses: AsyncIterable<unknown>,
): Promise<void> {
  let written: Promise<void> | undefined;
  for await (const response of responses) {
    await written;
    if (context.over) return;
    written = new Promise((resolve) => {
      context.wake = resolve;
      call.write(response, () => resolve());
    });
  }
  await written;
}

/** The requests of a stream. An implementation may stop reading early and still answer. */
async function* requestsOf(call: Readable, context: ServerCallContext): AsyncGenerator {
  try {
    yield* call.iterator({ destroyOnReturn: false });
  } catch (error) {
    context.signal.throwIfAborted();
    throw error;
  }
  context.signal.throwIfAborted();
}

/** Tells the context when the call ends before its implementation does. */
function contextOf(call: AnyCall): ServerCallContext {
  const context = new ServerCallContext(new GrpcCallMetadata(call.metadata));
  (call as EventEmitter).on('cancelled', () => {
    const late = Date.now() >= Number(call.getDeadline());
    context.abort(
      late
        ? deadlineExceeded('cannot finish the call: its deadline has passed')
        : canceled('cannot finish the call: the caller has gone'),
    );
  });
  return context;
}

class GrpcCallMetadata implements CallMetadata {
  readonly #metadata: Metadata;

  constructor(metadata: Metadata) {
    this.#metadata = metadata;
  }

  get(key: string): string | undefined {
    return this.#metadata.get(key)[0]?.toString();
  }

  getAll(key: string): readonly string[] {
    return this.#metadata.get(key).map((value) => value.toString());
  }
}
