/**
 * The types that tie a generated service definition to the functions that implement or call it, whatever the transport.
 *
 * Words: a *definition* is what `proto/` generates for a service (names, codecs, which sides stream). An *implementation*
 * has one function for each method; a *client* has the mirror image. What a function hands over is an *input*: the message
 * with everything optional, completed with protobuf's defaults. What it is handed is the whole message.
 *
 * Shapes by kind of method, implementation first, client second:
 *
 *     unary          (request, context) => Promise<input>                     (input, options?) => Promise<response>
 *     server stream  (request, context) => AsyncIterable<input>               (input, options?) => AsyncIterable<response>
 *     client stream  (AsyncIterable<request>, context) => Promise<input>      (options?) => ClientStreamCall
 *     both stream    (AsyncIterable<request>, context) => AsyncIterable<input>  (options?) => DuplexCall
 *
 * Implementations throw CodedError; clients reject with CodedError.
 */
import { internal } from '@docker-ts/base/errors';
import type { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';

/** What ts-proto generates for a message. `T` is the whole message. */
export interface MessageCodec<T = unknown> {
  readonly $type: string;
  encode(message: T, writer?: BinaryWriter): BinaryWriter;
  decode(input: BinaryReader | Uint8Array, length?: number): T;
  fromPartial(object: object): T;
}

/** The message of a codec. */
export type MessageOf<Codec> = Codec extends { decode(input: Uint8Array): infer T } ? T : never;

/** The message of a codec with every field optional, down to the leaves. */
export type InputOf<Codec> = Codec extends { fromPartial(object: infer P): unknown } ? P : never;

export interface MethodDefinition {
  readonly name: string;
  readonly requestType: MessageCodec;
  readonly requestStream: boolean;
  readonly responseType: MessageCodec;
  readonly responseStream: boolean;
}

export interface ServiceDefinition {
  /** The protobuf name with its package, `containerd.services.tasks.v1.Tasks`. */
  readonly fullName: string;
  /** By the method's name in lower camel case. */
  readonly methods: Readonly<Record<string, MethodDefinition>>;
}

/** Request metadata: keys are lower case, one key may have several values. */
export interface CallMetadata {
  get(key: string): string | undefined;
  getAll(key: string): readonly string[];
}

/** What an implementation knows about the call beside its request. */
export interface CallContext {
  readonly metadata: CallMetadata;
  /** Aborted when the caller cancels, goes away, or its deadline passes; the reason is a CodedError. */
  readonly signal: AbortSignal;
}

type Request<Method extends MethodDefinition> = MessageOf<Method['requestType']>;
type Response<Method extends MethodDefinition> = MessageOf<Method['responseType']>;
type RequestInput<Method extends MethodDefinition> = InputOf<Method['requestType']>;
type ResponseInput<Method extends MethodDefinition> = InputOf<Method['responseType']>;

export type MethodImplementation<Method extends MethodDefinition> = (
  request: Method['requestStream'] extends true ? AsyncIterable<Request<Method>> : Request<Method>,
  context: CallContext,
) => Method['responseStream'] extends true ? AsyncIterable<ResponseInput<Method>> : Promise<ResponseInput<Method>>;

/** One function for each method of the service; a class will do, `this` is kept. */
export type ServiceImplementation<Definition extends ServiceDefinition> = {
  [Name in keyof Definition['methods']]: MethodImplementation<Definition['methods'][Name]>;
};

/** A method of some service with its implementation, as a server calls it. */
export interface ServedMethod {
  readonly definition: MethodDefinition;
  invoke(request: unknown, context: CallContext): Promise<unknown> | AsyncIterable<unknown>;
}

/** What a caller may add to one call. */
export interface CallOptions {
  /** Added to the client's default metadata; the same key replaces. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Cancels the call. */
  readonly signal?: AbortSignal;
  /** The call fails with deadline_exceeded after this time; the peer is told. Absent: no limit. */
  readonly timeoutMs?: number;
}

/** A call whose requests stream and whose answer is one message. */
export interface ClientStreamCall<RequestMessage, ResponseMessage> {
  /** Settles when the transport is ready for more. */
  send(message: RequestMessage): Promise<void>;
  /** Says that no more requests follow, and settles with the answer. */
  finish(): Promise<ResponseMessage>;
}

/** A call that streams in both directions. Leaving the iteration early cancels the call. */
export interface DuplexCall<RequestMessage, ResponseMessage> extends AsyncIterable<ResponseMessage> {
  /** Settles when the transport is ready for more; rejects with the call's failure once it has failed. */
  send(message: RequestMessage): Promise<void>;
  /** Says that no more requests follow; responses may still come. */
  end(): void;
  /** Gives the call up. */
  cancel(): void;
}

type ClientMethod<Method extends MethodDefinition> = Method['requestStream'] extends true
  ? Method['responseStream'] extends true
    ? (options?: CallOptions) => DuplexCall<RequestInput<Method>, Response<Method>>
    : (options?: CallOptions) => ClientStreamCall<RequestInput<Method>, Response<Method>>
  : Method['responseStream'] extends true
    ? (request: RequestInput<Method>, options?: CallOptions) => AsyncIterable<Response<Method>>
    : (request: RequestInput<Method>, options?: CallOptions) => Promise<Response<Method>>;

export type ClientOf<Definition extends ServiceDefinition> = {
  [Name in keyof Definition['methods']]: ClientMethod<Definition['methods'][Name]>;
};

/** The bytes of a message given with defaults left out. */
export function encodeInput(codec: MessageCodec, input: unknown): Uint8Array<ArrayBuffer> {
  return codec.encode(codec.fromPartial(input ?? {})).finish();
}

/** The message in the bytes of an answer; bytes that do not decode are internal. */
export function decodeMessage<T>(codec: MessageCodec<T>, bytes: Uint8Array): T {
  try {
    return codec.decode(bytes);
  } catch (error) {
    throw internal(`cannot read the answer: malformed ${codec.$type}`, error);
  }
}
