/**
 * google.protobuf.Any as containerd writes it: the type URL is the bare message name (`containerd.events.TaskExit`), with no
 * `type.googleapis.com/` in front. Types that have no protobuf form travel as JSON under a URL of containerd's own
 * (`types.containerd.io/opencontainers/runtime-spec/1/Spec`). Upstream: github.com/containerd/typeurl.
 */
import { invalidArgument } from '@docker-ts/base/errors';
import type { Any } from './gen/google/protobuf/any.ts';
import { encodeInput, type InputOf, type MessageCodec, type MessageOf } from './service.ts';

const runtimeSpec = 'types.containerd.io/opencontainers/runtime-spec/1';

/** Type URLs of the JSON documents that containerd, its clients and its shims exchange. */
export const jsonType = {
  spec: `${runtimeSpec}/Spec`,
  process: `${runtimeSpec}/Process`,
  linuxResources: `${runtimeSpec}/LinuxResources`,
  features: `${runtimeSpec}/features/Features`,
} as const;

/** Packs a message. */
export function packAny<Codec extends MessageCodec>(codec: Codec, input: InputOf<Codec>): Any {
  return { typeUrl: codec.$type, value: encodeInput(codec, input) };
}

/** True if `any` holds a message of this codec; a host in front of the name, as other writers put it, is allowed. */
export function isAnyOf(any: Any | undefined, codec: MessageCodec): boolean {
  return any !== undefined && (any.typeUrl === codec.$type || any.typeUrl.endsWith(`/${codec.$type}`));
}

/** Unpacks a message; another type or bytes that do not decode are invalid_argument. */
export function unpackAny<Codec extends MessageCodec>(any: Any | undefined, codec: Codec): MessageOf<Codec> {
  if (any === undefined || !isAnyOf(any, codec))
    throw invalidArgument(`cannot read "${any?.typeUrl ?? ''}": expected ${codec.$type}`);
  try {
    return codec.decode(any.value) as MessageOf<Codec>;
  } catch (error) {
    throw invalidArgument(`cannot read ${codec.$type}: malformed message`, error);
  }
}

/** Packs a JSON document under a type URL. */
export function packJson(typeUrl: string, document: unknown): Any {
  return { typeUrl, value: new TextEncoder().encode(JSON.stringify(document)) };
}

/** Unpacks a JSON document; another type or malformed JSON is invalid_argument. What is in it is for the caller to check. */
export function unpackJson(any: Any | undefined, typeUrl: string): unknown {
  if (any?.typeUrl !== typeUrl) throw invalidArgument(`cannot read "${any?.typeUrl ?? ''}": expected ${typeUrl}`);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(any.value));
  } catch (error) {
    throw invalidArgument(`cannot read ${typeUrl}: malformed JSON`, error);
  }
}
