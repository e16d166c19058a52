/**
 * Containers: the record of what is to be run (spec, runtime, snapshot), without anything running. A *task* is its running instance.
 *
 * Life cycle: created, updated any number of times (runtime and snapshotter never change), deleted. A container refers to its
 * snapshot, which the garbage collector keeps as long as the container is there.
 */
import { invalidArgument } from '@docker-ts/base/errors';
import { checkIdentifier } from '../metadata/identifier.ts';
import { checkLabels, type Labels } from '../metadata/labels.ts';
import type { Awaitable, RequestScope } from '../metadata/scope.ts';
import type { RowCodec } from '../metadata/table.ts';

/** A message of a type that this daemon need not know (google.protobuf.Any). */
export interface PackedMessage {
  readonly typeUrl: string;
  readonly value: Uint8Array;
}

export interface Container {
  readonly id: string;
  readonly labels: Labels;
  /** The image's name, for the record only. */
  readonly image: string;
  readonly runtime: { readonly name: string; readonly options?: PackedMessage };
  readonly spec?: PackedMessage;
  readonly snapshotter: string;
  readonly snapshotKey: string;
  readonly extensions: Readonly<Record<string, PackedMessage>>;
  readonly sandbox: string;
  readonly createdNs: bigint;
  readonly updatedNs: bigint;
}

export interface ContainerStore {
  /** @throws not_found. */
  get(scope: RequestScope, id: string): Awaitable<Container>;
  /** Those that match any filter (`id`, `image`, `labels.…`, `runtime.name`), by id. @throws invalid_argument for a bad filter. */
  list(scope: RequestScope, filters: readonly string[]): Awaitable<Container[]>;
  /** @throws already_exists, invalid_argument. */
  create(scope: RequestScope, container: Container): Promise<Container>;
  /**
   * Replaces the fields that the paths name (`labels`, `labels.<key>`, `spec`, `extensions`, `extensions.<key>`, `image`, `snapshotkey`);
   * without paths all of these. @throws not_found, invalid_argument for an immutable or unknown field.
   */
  update(scope: RequestScope, container: Container, fieldPaths: readonly string[]): Promise<Container>;
  /** @throws not_found. */
  delete(scope: RequestScope, id: string): Promise<void>;
}

/** @throws invalid_argument with containerd's text. */
export function checkContainer(container: Container): void {
  const fail = (text: string): never => {
    throw invalidArgument(`${text}: invalid argument`);
  };
  checkIdentifier(container.id, 'container.ID: ');
  if (Object.hasOwn(container.extensions, '')) fail('container.Extension keys must not be zero-length');
  checkLabels(container.labels, 'containers.Labels');
  if (container.runtime.name === '') fail('container.Runtime.Name must be set');
  if (container.spec === undefined) fail('container.Spec must be set');
  if (container.snapshotKey !== '' && container.snapshotter === '') {
    fail('container.Snapshotter must be set if container.SnapshotKey is set');
  }
}

interface PackedJson {
  readonly typeUrl: string;
  readonly value: string;
}

const packedToJson = ({ typeUrl, value }: PackedMessage): PackedJson => ({
  typeUrl,
  value: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64'),
});

const packedFromJson = ({ typeUrl, value }: PackedJson): PackedMessage => ({
  typeUrl,
  value: new Uint8Array(Buffer.from(value, 'base64')),
});

const mapValues = <From, To>(record: Readonly<Record<string, From>>, map: (value: From) => To): Record<string, To> =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));

interface ContainerJson extends Omit<Container, 'spec' | 'runtime' | 'extensions' | 'createdNs' | 'updatedNs'> {
  readonly runtime: { readonly name: string; readonly options?: PackedJson };
  readonly spec?: PackedJson;
  readonly extensions: Readonly<Record<string, PackedJson>>;
  readonly createdNs: string;
  readonly updatedNs: string;
}

export const containerCodec: RowCodec<Container> = {
  toJson: ({ spec, runtime, extensions, createdNs, updatedNs, ...rest }): ContainerJson => ({
    ...rest,
    runtime: { name: runtime.name, ...(runtime.options && { options: packedToJson(runtime.options) }) },
    ...(spec && { spec: packedToJson(spec) }),
    extensions: mapValues(extensions, packedToJson),
    createdNs: String(createdNs),
    updatedNs: String(updatedNs),
  }),
  fromJson: (json) => {
    const { spec, runtime, extensions, createdNs, updatedNs, ...rest } = json as ContainerJson;
    return {
      ...rest,
      runtime: { name: runtime.name, ...(runtime.options && { options: packedFromJson(runtime.options) }) },
      ...(spec && { spec: packedFromJson(spec) }),
      extensions: mapValues(extensions, packedFromJson),
      createdNs: BigInt(createdNs),
      updatedNs: BigInt(updatedNs),
    };
  },
};
