/** The calls of a ttrpc client that stream in at least one direction. */
import { canceled, internal } from '@docker-ts/base/errors';
import type { CallOptions, ClientStreamCall, DuplexCall, MessageCodec } from './service.ts';
import { decodeMessage, encodeInput } from './service.ts';
import { CallLimits, decodeResponse, type OpenCall } from './ttrpc-call.ts';
import { oversized } from './ttrpc-connection.ts';
import { type Frame, frameFlag, frameType } from './ttrpc-frame.ts';
import type { TtrpcStream } from './ttrpc-stream.ts';

export class TtrpcStreamingCall implements OpenCall {
  readonly stream: TtrpcStream;
  readonly #forget: () => void;
  /** The single answer of a client stream. */
  readonly #answer = Promise.withResolvers<Uint8Array>();
  #limits: CallLimits | undefined;

  constructor(stream: TtrpcStream, forget: () => void) {
    this.stream = stream;
    this.#forget = forget;
    // Only client streams ask for it.
    this.#answer.promise.catch(() => {});
  }

  get answer(): Promise<Uint8Array> {
    return this.#answer.promise;
  }

  limit(options: CallOptions): void {
    this.#limits = new CallLimits(options, (error) => this.fail(error));
    if (this.#limits.exceeded) this.fail(this.#limits.exceeded);
  }

  receive(frame: Frame): void {
    try {
      if (frame.type === frameType.response) {
        this.#answer.resolve(decodeResponse(frame));
        this.#finish();
      } else if (frame.type === frameType.data) {
        if (!frame.data) throw oversized(frame.length);
        if (!(frame.flags & frameFlag.noData)) this.stream.receive(frame.data);
        if (frame.flags & frameFlag.remoteClosed) this.#finish();
      }
    } catch (error) {
      this.fail(error);
    }
  }

  fail(error: unknown): void {
    this.#forget();
    this.#limits?.clear();
    this.stream.fail(error);
    this.#answer.reject(error);
  }

  /** Gives the call up. There is no way to tell the server but to say that no more requests come. */
  cancel(): void {
    this.stream.discard();
    if (this.stream.closed) return;
    this.stream.closeSend();
    this.fail(canceled('cannot finish the call: it was given up'));
  }

  /** Leaving the iteration early gives the call up. */
  async *responses(codec: MessageCodec): AsyncGenerator {
    try {
      for (let bytes = await this.stream.read(); bytes; bytes = await this.stream.read())
        yield decodeMessage(codec, bytes);
    } finally {
      this.cancel();
    }
  }

  #finish(): void {
    this.#forget();
    this.#limits?.clear();
    this.stream.finish();
    this.#answer.reject(internal('cannot read the answer: the server sent none'));
  }
}

export class TtrpcDuplexCall implements DuplexCall<unknown, unknown> {
  readonly #call: TtrpcStreamingCall;
  readonly #requestType: MessageCodec;
  readonly #responses: AsyncGenerator;

  constructor(call: TtrpcStreamingCall, requestType: MessageCodec, responseType: MessageCodec) {
    this.#call = call;
    this.#requestType = requestType;
    this.#responses = call.responses(responseType);
  }

  send(message: unknown): Promise<void> {
    return this.#call.stream.send(encodeInput(this.#requestType, message));
  }

  end(): void {
    this.#call.stream.closeSend();
  }

  cancel(): void {
    this.#call.cancel();
  }

  [Symbol.asyncIterator](): AsyncIterator<unknown> {
    return this.#responses;
  }
}

export class TtrpcClientStreamCall implements ClientStreamCall<unknown, unknown> {
  readonly #call: TtrpcStreamingCall;
  readonly #requestType: MessageCodec;
  readonly #responseType: MessageCodec;

  constructor(call: TtrpcStreamingCall, requestType: MessageCodec, responseType: MessageCodec) {
    this.#call = call;
    this.#requestType = requestType;
    this.#responseType = responseType;
  }

  send(message: unknown): Promise<void> {
    return this.#call.stream.send(encodeInput(this.#requestType, message));
  }

  async finish(): Promise<unknown> {
    this.#call.stream.closeSend();
    return decodeMessage(this.#responseType, await this.#call.answer);
  }
}
