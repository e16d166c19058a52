/** One call on a ttrpc server: runs the implementation and writes its answers. */
import { CodedError, deadlineExceeded, internal, messageOf } from '@docker-ts/base/errors';
import { ServerCallContext } from './call-context.ts';
import { type Request, Response } from './gen/ttrpc/request.ts';
import type { CallMetadata, ServedMethod } from './service.ts';
import { encodeInput } from './service.ts';
import type { TtrpcConnection } from './ttrpc-connection.ts';
import { frameFlag, frameType } from './ttrpc-frame.ts';
import { TtrpcStream } from './ttrpc-stream.ts';

export class TtrpcServerCall {
  readonly streamId: number;
  /** Present on calls that stream in at least one direction. */
  readonly stream: TtrpcStream | undefined;
  readonly #connection: TtrpcConnection;
  readonly #method: ServedMethod;
  readonly #request: Request;
  readonly #context: ServerCallContext;
  #deadline: NodeJS.Timeout | undefined;
  #refused = false;

  constructor(streamId: number, connection: TtrpcConnection, method: ServedMethod, request: Request, flags: number) {
    this.streamId = streamId;
    this.#connection = connection;
    this.#method = method;
    this.#request = request;
    this.#context = new ServerCallContext(metadataOf(request));
    const { requestStream, responseStream } = method.definition;
    if (requestStream || responseStream) this.stream = new TtrpcStream(streamId, connection);
    // The first message of a client stream may ride on the request; an absent payload and an empty one look the same.
    if (requestStream && request.payload.length > 0) this.stream?.receive(request.payload);
    if (!requestStream || flags & frameFlag.remoteClosed) this.stream?.endReceive();
  }

  /** Nobody waits for the answer any more; the implementation learns of it by its signal. */
  abort(reason: CodedError): void {
    this.#context.abort(reason);
    this.stream?.fail(reason);
  }

  /** The caller broke the rules and has been told so: the call is over, and nothing more is written for it. */
  refuse(error: unknown): void {
    this.#refused = true;
    this.abort(error instanceof CodedError ? error : internal(messageOf(error), error));
  }

  get refused(): boolean {
    return this.#refused;
  }

  /** Settles when the answer is written; what the implementation throws is for the connection to answer. */
  async run(): Promise<void> {
    if (this.#request.timeoutNano > 0n) this.#startDeadline(Number(this.#request.timeoutNano) / 1e6);
    try {
      const { requestStream, responseStream } = this.#method.definition;
      const result = this.#method.invoke(requestStream ? this.#requests() : this.#onlyRequest(), this.#context);
      if (responseStream) await this.#answerMany(result as AsyncIterable<unknown>);
      else this.#answerOnce(await (result as Promise<unknown>));
    } finally {
      clearTimeout(this.#deadline);
      this.#context.finish();
      this.stream?.discard();
    }
  }

  #startDeadline(timeoutMs: number): void {
    const pass = () => this.abort(deadlineExceeded('cannot finish the call: its deadline has passed'));
    // Longer than a timer can be is no deadline that anybody will see pass.
    if (timeoutMs < 2 ** 31) this.#deadline = setTimeout(pass, timeoutMs);
  }

  #onlyRequest(): unknown {
    return this.#decode(this.#request.payload);
  }

  async *#requests(): AsyncGenerator {
    const stream = this.stream!;
    for (let bytes = await stream.read(); bytes; bytes = await stream.read()) yield this.#decode(bytes);
  }

  #decode(bytes: Uint8Array): unknown {
    try {
      return this.#method.definition.requestType.decode(bytes);
    } catch (error) {
      throw internal(`ttrpc: error unmarshalling payload: ${messageOf(error)}`, error);
    }
  }

  #answerOnce(input: unknown): void {
    const payload = encodeInput(this.#method.definition.responseType, input);
    const response = Response.encode({ status: undefined, payload }).finish();
    if (!this.#refused) this.#connection.send(this.streamId, frameType.response, 0, response);
  }

  async #answerMany(inputs: AsyncIterable<unknown>): Promise<void> {
    const stream = this.stream!;
    for await (const input of inputs) await stream.send(encodeInput(this.#method.definition.responseType, input));
    stream.throwIfFailed();
    stream.closeSend();
  }
}

function metadataOf({ metadata }: Request): CallMetadata {
  const values = (key: string) => metadata.filter((pair) => pair.key === key).map((pair) => pair.value);
  return { get: (key) => metadata.find((pair) => pair.key === key)?.value, getAll: values };
}
