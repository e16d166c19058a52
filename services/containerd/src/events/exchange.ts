/**
 * The event exchange: one broadcast point in the daemon (containerd core/events/exchange).
 *
 * Order: every subscriber sees the events in the order in which `publish` and `forward` were called. A subscriber has a queue of its
 * own, so that a slow one holds up nobody; the queue is bounded, and one that overflows is ended with resource_exhausted instead of
 * silently missing an event: a client such as dockerd lives on `/tasks/exit` and must learn that it has to look again.
 */
import { invalidArgument, resourceExhausted } from '@docker-ts/base/errors';
import type { EventMessage, EventPublisher } from './publisher.ts';
import { checkEventNamespace, checkTopic } from './topic.ts';

/** Seconds and nanoseconds since the epoch, as google.protobuf.Timestamp has them. */
export interface EventTime {
  readonly seconds: bigint;
  readonly nanos: number;
}

export interface EventEnvelope {
  readonly timestamp: EventTime;
  readonly namespace: string;
  readonly topic: string;
  readonly event: EventMessage;
}

export type EnvelopeMatcher = (envelope: EventEnvelope) => boolean;

/** Events that wait for one slow subscriber before it is cut off. */
export const maxQueuedEvents = 16_384;

const millisecondNanos = 1_000_000;

/** Now, as precisely as the wall clock of the runtime goes. */
export function eventTimeNow(): EventTime {
  const nowMs = performance.timeOrigin + performance.now();
  const seconds = Math.floor(nowMs / 1000);
  return { seconds: BigInt(seconds), nanos: Math.floor((nowMs - seconds * 1000) * millisecondNanos) };
}

/** One subscriber: an async iterable of envelopes that ends when it is closed. One consumer only. */
export class Subscription implements AsyncIterableIterator<EventEnvelope>, Disposable {
  readonly #matches: EnvelopeMatcher;
  readonly #onClose: (subscription: Subscription) => void;
  readonly #queue: EventEnvelope[] = [];
  #wake: PromiseWithResolvers<IteratorResult<EventEnvelope>> | undefined;
  #failure: Error | undefined;
  #closed = false;

  constructor(matches: EnvelopeMatcher, onClose: (subscription: Subscription) => void) {
    this.#matches = matches;
    this.#onClose = onClose;
  }

  /** Takes the envelope if it matches; for the exchange only. */
  offer(envelope: EventEnvelope): void {
    if (this.#closed || !this.#matches(envelope)) return;
    if (this.#wake) {
      this.#wake.resolve({ done: false, value: envelope });
      this.#wake = undefined;
      return;
    }
    this.#queue.push(envelope);
    if (this.#queue.length <= maxQueuedEvents) return;
    this.#queue.length = 0;
    this.#failure = resourceExhausted(`subscription error: ${maxQueuedEvents} events wait unread: resource exhausted`);
    this.close();
  }

  next(): Promise<IteratorResult<EventEnvelope>> {
    const envelope = this.#queue.shift();
    if (envelope) return Promise.resolve({ done: false, value: envelope });
    if (this.#failure) return Promise.reject(this.#failure);
    if (this.#closed) return Promise.resolve({ done: true, value: undefined });
    this.#wake = Promise.withResolvers();
    return this.#wake.promise;
  }

  return(): Promise<IteratorResult<EventEnvelope>> {
    this.close();
    return Promise.resolve({ done: true, value: undefined });
  }

  /** Ends the subscription; what is queued may still be read. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#onClose(this);
    this.#wake?.resolve({ done: true, value: undefined });
    this.#wake = undefined;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** An event kept for those who subscribe later. */
interface KeptEvent {
  readonly envelope: EventEnvelope;
  readonly untilMs: number;
}

export class EventExchange implements EventPublisher {
  readonly #subscriptions = new Set<Subscription>();
  #kept: KeptEvent[] = [];

  publish(namespace: string, topic: string, event: EventMessage): void {
    this.#broadcast(this.#stamped(namespace, topic, event));
  }

  /**
   * Distributes an envelope that somebody else (a shim) stamped.
   * @throws invalid_argument for a bad namespace or topic, or no timestamp.
   */
  forward(envelope: EventEnvelope): void {
    checkEventNamespace(envelope.namespace);
    checkTopic(envelope.topic);
    if (envelope.timestamp.seconds === 0n && envelope.timestamp.nanos === 0) {
      throw invalidArgument('timestamp must be set on forwarded event: invalid argument');
    }
    this.#broadcast(envelope);
  }

  /** Everything published after this call for which `matches` says yes. The caller closes the subscription. */
  subscribe(matches: EnvelopeMatcher = () => true): Subscription {
    const subscription = new Subscription(matches, (closed) => this.#subscriptions.delete(closed));
    this.#subscriptions.add(subscription);
    const now = performance.now();
    this.#kept = this.#kept.filter(({ untilMs }) => untilMs > now);
    for (const { envelope } of this.#kept) subscription.offer(envelope);
    return subscription;
  }

  /**
   * A publisher whose events also go to everybody who subscribes within the next `keepMs`. For what is found out before the daemon
   * serves: clients that lived through its restart subscribe again, and would never hear of it otherwise. They may hear an event twice.
   */
  publisherForLatecomers(keepMs: number): EventPublisher {
    return {
      publish: (namespace, topic, event) => {
        const envelope = this.#stamped(namespace, topic, event);
        this.#kept.push({ envelope, untilMs: performance.now() + keepMs });
        this.#broadcast(envelope);
      },
    };
  }

  get subscriberCount(): number {
    return this.#subscriptions.size;
  }

  #stamped(namespace: string, topic: string, event: EventMessage): EventEnvelope {
    checkEventNamespace(namespace);
    checkTopic(topic);
    return { timestamp: eventTimeNow(), namespace, topic, event };
  }

  #broadcast(envelope: EventEnvelope): void {
    for (const subscription of this.#subscriptions) subscription.offer(envelope);
  }
}
