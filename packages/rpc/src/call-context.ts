/** The context of one call on the serving side, whatever the transport. */
import type { CodedError } from '@docker-ts/base/errors';
import type { CallContext, CallMetadata } from './service.ts';

/** Most implementations never ask for the signal, so it is only made for those that do. */
export class ServerCallContext implements CallContext {
  readonly metadata: CallMetadata;
  /** Called when the call is over, for whoever waits for one of its writes. */
  wake: (() => void) | undefined;
  #controller: AbortController | undefined;
  #reason: CodedError | undefined;
  #finished = false;

  constructor(metadata: CallMetadata) {
    this.metadata = metadata;
  }

  /** True once the call has ended under the implementation's hands. */
  get over(): boolean {
    return this.#reason !== undefined;
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#reason) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** Nobody wants the answer any more. Only the first reason counts, and none after `finish`. */
  abort(reason: CodedError): void {
    if (this.#finished || this.#reason) return;
    this.#reason = reason;
    this.wake?.();
    this.#controller?.abort(reason);
  }

  /** The implementation is done: what happens to the call from here on is no news to it. */
  finish(): void {
    this.#finished = true;
    this.wake?.();
  }
}
