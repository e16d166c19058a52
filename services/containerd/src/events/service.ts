/**
 * containerd.services.events.v1.Events over gRPC, for clients, and containerd.services.events.ttrpc.v1.Events over ttrpc, for shims.
 */
import { canceled, invalidArgument } from '@docker-ts/base/errors';
import type { EventsDefinition } from '@docker-ts/rpc/gen/containerd/services/events/v1/events';
import type { EventsDefinition as ShimEventsDefinition } from '@docker-ts/rpc/gen/containerd/services/ttrpc/events/v1/events';
import type { Envelope } from '@docker-ts/rpc/gen/containerd/types/event';
import type { CallContext, ServiceImplementation } from '@docker-ts/rpc/service';
import { envelopeField } from './envelope-field.ts';
import type { EventEnvelope, EventExchange } from './exchange.ts';

export interface EventsServiceOptions {
  readonly exchange: EventExchange;
  /** The namespace of a call. @throws failed_precondition or invalid_argument for a missing or bad one. */
  readonly namespaceOf: (context: CallContext) => string;
  /** containerd's filter language: an event passes if any of the expressions does. @throws invalid_argument. */
  readonly compileFilters: (
    expressions: readonly string[],
  ) => (field: (path: readonly string[]) => string | undefined) => boolean;
}

function fromWire(envelope: Envelope | undefined): EventEnvelope {
  if (!envelope?.event) throw invalidArgument('cannot forward an event without an envelope: invalid argument');
  const { timestamp, namespace, topic, event } = envelope;
  return { timestamp: timestamp ?? { seconds: 0n, nanos: 0 }, namespace, topic, event };
}

/** The service for clients. */
export function createEventsService(options: EventsServiceOptions): ServiceImplementation<typeof EventsDefinition> {
  const { exchange, namespaceOf, compileFilters } = options;
  return {
    async publish({ topic, event }, context) {
      if (!event) throw invalidArgument('cannot publish without an event: invalid argument');
      exchange.publish(namespaceOf(context), topic, event);
      return {};
    },
    async forward({ envelope }) {
      exchange.forward(fromWire(envelope));
      return {};
    },
    async *subscribe({ filters }, { signal }) {
      const matches = filters.length === 0 ? undefined : compileFilters(filters);
      using subscription = exchange.subscribe(matches && ((envelope) => matches(envelopeField(envelope))));
      signal.addEventListener('abort', () => subscription.close(), { once: true });
      if (signal.aborted) throw canceled('cannot subscribe: the call was given up');
      for await (const envelope of subscription) yield envelope;
    },
  };
}

/** The service for shims; the namespace is in the envelope. */
export function createShimEventsService(exchange: EventExchange): ServiceImplementation<typeof ShimEventsDefinition> {
  return {
    async forward({ envelope }) {
      exchange.forward(fromWire(envelope));
      return {};
    },
  };
}
