/** Containers to and from containerd.services.containers.v1. */
import { invalidArgument } from '@docker-ts/base/errors';
import type { Container as WireContainer } from '@docker-ts/rpc/gen/containerd/services/containers/v1/containers';
import { nsFromTimestamp, timestampFromNs } from '@docker-ts/rpc/timestamp';
import type { Container } from './container.ts';

export function toWireContainer(container: Container): WireContainer {
  const { createdNs, updatedNs, runtime, spec, labels, extensions, ...rest } = container;
  return {
    ...rest,
    labels: { ...labels },
    runtime: { name: runtime.name, options: runtime.options },
    spec,
    extensions: { ...extensions },
    createdAt: timestampFromNs(createdNs),
    updatedAt: timestampFromNs(updatedNs),
  };
}

/** @throws invalid_argument without a container. */
export function fromWireContainer(container: WireContainer | undefined): Container {
  if (!container) throw invalidArgument('container is required: invalid argument');
  const { createdAt, updatedAt, runtime, spec, ...rest } = container;
  return {
    ...rest,
    runtime: { name: runtime?.name ?? '', ...(runtime?.options && { options: runtime.options }) },
    ...(spec && { spec }),
    createdNs: createdAt ? nsFromTimestamp(createdAt) : 0n,
    updatedNs: updatedAt ? nsFromTimestamp(updatedAt) : 0n,
  };
}
