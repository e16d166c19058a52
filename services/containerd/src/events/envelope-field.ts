/**
 * The fields of an envelope that subscribers filter by: `namespace`, `topic`, and `event.…` down into the packed message under its
 * protobuf names (`event.container_id`, `event.labels.<key>`). Numbers and times cannot be filtered by, as upstream.
 */
import * as container from '@docker-ts/rpc/gen/containerd/events/container';
import * as content from '@docker-ts/rpc/gen/containerd/events/content';
import * as image from '@docker-ts/rpc/gen/containerd/events/image';
import * as namespace from '@docker-ts/rpc/gen/containerd/events/namespace';
import * as snapshot from '@docker-ts/rpc/gen/containerd/events/snapshot';
import * as task from '@docker-ts/rpc/gen/containerd/events/task';
import type { MessageCodec } from '@docker-ts/rpc/service';
import type { EventEnvelope } from './exchange.ts';

const codecs: ReadonlyMap<string, MessageCodec> = new Map(
  [container, content, image, namespace, snapshot, task]
    .flatMap((module): unknown[] => Object.values(module))
    .filter((value): value is MessageCodec => typeof value === 'object' && value !== null && '$type' in value)
    .map((codec) => [codec.$type, codec]),
);

/** `container_id` → `containerId`, as ts-proto names it. */
const camelCase = (name: string): string => name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

function messageField(message: unknown, path: readonly string[]): string | undefined {
  const [head, ...rest] = path;
  if (head === undefined || typeof message !== 'object' || message === null) return undefined;
  const name = camelCase(head);
  if (!Object.hasOwn(message, name)) return undefined;
  const value = (message as Record<string, unknown>)[name];
  if (name === 'labels') return (value as Record<string, string>)[rest.join('.')];
  if (typeof value === 'string') return value === '' ? undefined : value;
  if (typeof value === 'boolean') return String(value);
  return messageField(value, rest);
}

function eventField({ typeUrl, value }: EventEnvelope['event'], path: readonly string[]): string | undefined {
  const codec = codecs.get(typeUrl.slice(typeUrl.lastIndexOf('/') + 1));
  if (!codec) return undefined;
  try {
    return messageField(codec.decode(value), path);
  } catch {
    // anybody may publish anything: what cannot be read has no fields
    return undefined;
  }
}

/** How a filter looks into `envelope`. */
export function envelopeField(envelope: EventEnvelope): (path: readonly string[]) => string | undefined {
  return ([head, ...rest]) => {
    if (head === 'namespace') return envelope.namespace;
    if (head === 'topic') return envelope.topic;
    return head === 'event' ? eventField(envelope.event, rest) : undefined;
  };
}
