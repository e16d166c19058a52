/** What every call of a ttrpc client needs: its request, its answer, and its limits. */
import { canceled, type CodedError, deadlineExceeded, internal, unavailable } from '@docker-ts/base/errors';
import { fromGrpcStatus } from '@docker-ts/base/status';
import { Request, Response } from './gen/ttrpc/request.ts';
import { type CallOptions, decodeMessage } from './service.ts';
import { oversized } from './ttrpc-connection.ts';
import { type Frame, frameType } from './ttrpc-frame.ts';

/** What the connection does with a call that waits for frames. */
export interface OpenCall {
  receive(frame: Frame): void;
  fail(error: unknown): void;
}

/** The failure of a call whose connection closed, in Go's words: peers and logs know it by them. */
export function connectionClosed(): CodedError {
  return unavailable('ttrpc: closed');
}

export function encodeRequest(
  service: string,
  method: string,
  payload: Uint8Array<ArrayBuffer>,
  metadata: Readonly<Record<string, string>>,
  timeoutMs: number | undefined,
): Uint8Array {
  return Request.encode({
    service,
    method,
    payload,
    timeoutNano: timeoutMs === undefined ? 0n : BigInt(Math.max(1, Math.round(timeoutMs * 1e6))),
    metadata: Object.entries(metadata).map(([key, value]) => ({ key: key.toLowerCase(), value })),
  }).finish();
}

/** The payload of an answer; a status that is not OK is thrown, with the whole status (details too) as its cause. */
export function decodeResponse(frame: Frame): Uint8Array {
  if (!frame.data) throw oversized(frame.length);
  if (frame.type !== frameType.response)
    throw internal(`cannot read the answer: unexpected frame of type ${frame.type}`);
  const { status, payload } = decodeMessage(Response, frame.data);
  if (status && status.code !== 0) throw fromGrpcStatus(status.code, status.message, status);
  return payload;
}

/** Ends a call when its signal or its time says so. */
export class CallLimits {
  /** Set if the call is over before it began; `end` is not called for that. */
  readonly exceeded: CodedError | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort: () => void;
  readonly #timer: NodeJS.Timeout | undefined;

  constructor({ signal, timeoutMs }: CallOptions, end: (error: CodedError) => void) {
    this.#signal = signal;
    const given = () => canceled('cannot finish the call: it was given up', signal?.reason);
    this.#onAbort = () => end(given());
    if (signal?.aborted) {
      this.exceeded = given();
      return;
    }
    signal?.addEventListener('abort', this.#onAbort, { once: true });
    if (timeoutMs !== undefined)
      this.#timer = setTimeout(
        () => end(deadlineExceeded(`cannot finish the call: no answer within ${timeoutMs} ms`)),
        timeoutMs,
      );
  }

  clear(): void {
    this.#signal?.removeEventListener('abort', this.#onAbort);
    clearTimeout(this.#timer);
  }
}
