/**
 * Events on their way to the daemon (`containerd.services.events.ttrpc.v1.Events/Forward` on $TTRPC_ADDRESS): one queue, strictly in
 * order. Publishing only puts into it, so a daemon that is slow or away never holds the task service up.
 *
 * A closed connection is made anew and the event sent again at once; after that it is repeated with pauses of 1, 2, … 5 seconds and
 * then dropped. Those behind it wait, which keeps the order; of more than 2048 the oldest go.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { isCode, messageOf } from '@docker-ts/base/errors';
import { wallTime } from '@docker-ts/linux/clock';
import { packAny } from '@docker-ts/rpc/any';
import { EventsDefinition, type ForwardRequest } from '@docker-ts/rpc/gen/containerd/services/ttrpc/events/v1/events';
import type { InputOf, MessageCodec } from '@docker-ts/rpc/service';
import { TtrpcClient } from '@docker-ts/rpc/ttrpc-client';
import type { Log } from '../log.ts';

const forwardTimeoutMs = 5000;
const maxAttempts = 5;
const maxQueued = 2048;

export interface PublisherOptions {
  /** Path of the daemon's ttrpc socket; "" publishes nothing. */
  readonly address: string;
  readonly namespace: string;
  readonly log: Log;
}

export class EventPublisher {
  readonly #options: PublisherOptions;
  readonly #queue: ForwardRequest[] = [];
  #client: TtrpcClient | undefined;
  #sending: Promise<void> | undefined;
  #pause = new AbortController();

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  publish<Codec extends MessageCodec>(topic: string, codec: Codec, event: InputOf<Codec>): void {
    if (this.#options.address === '') return;
    const envelope = { timestamp: wallTime(), namespace: this.#options.namespace, topic, event: packAny(codec, event) };
    this.#queue.push({ envelope });
    if (this.#queue.length > maxQueued) this.#queue.shift();
    this.#sending ??= this.#send().finally(() => {
      this.#sending = undefined;
    });
  }

  /** Waits until the queue is empty, at most `timeoutMs`; then closes the connection. */
  async close(timeoutMs: number): Promise<void> {
    if (this.#sending) await Promise.race([this.#sending, delay(timeoutMs, undefined, { ref: false })]);
    this.#pause.abort();
    this.#queue.length = 0;
    this.#client?.close();
  }

  async #send(): Promise<void> {
    for (let request = this.#queue[0]; request; request = this.#queue[0]) {
      await this.#deliver(request);
      if (this.#queue[0] === request) this.#queue.shift();
    }
  }

  async #deliver(request: ForwardRequest): Promise<void> {
    for (let attempt = 0; attempt <= maxAttempts; attempt += 1) {
      try {
        await this.#forward(request);
        return;
      } catch (error) {
        this.#options.log.warn(`cannot publish ${request.envelope?.topic ?? ''}: ${messageOf(error)}`);
      }
      if (attempt < maxAttempts)
        await delay((attempt + 1) * 1000, undefined, { signal: this.#pause.signal }).catch(() => {});
      if (this.#pause.signal.aborted) return;
    }
    this.#options.log.error(`event ${request.envelope?.topic ?? ''} is dropped`);
  }

  /** One try, and one more on a fresh connection if the old one turned out to be closed. */
  async #forward(request: ForwardRequest): Promise<void> {
    const reused = this.#client !== undefined;
    try {
      await this.#call(request);
    } catch (error) {
      if (!reused || !isCode(error, 'unavailable')) throw error;
      await this.#call(request);
    }
  }

  async #call(request: ForwardRequest): Promise<void> {
    const client = (this.#client ??= await this.#connect());
    const events = client.client(EventsDefinition, {
      metadata: { 'containerd-namespace-ttrpc': this.#options.namespace },
    });
    await events.forward(request, { timeoutMs: forwardTimeoutMs });
  }

  async #connect(): Promise<TtrpcClient> {
    const client = await TtrpcClient.connect(this.#options.address.replace(/^unix:\/\//, ''));
    void client.closed.then(() => {
      if (this.#client === client) this.#client = undefined;
    });
    return client;
  }
}
