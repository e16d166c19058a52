/** Mounts to and from containerd.types.Mount. */
import type { Mount as WireMount } from '@docker-ts/rpc/gen/containerd/types/mount';
import type { Mount } from './mount.ts';

export function toWireMount({ type, source, target, options }: Mount): WireMount {
  return { type, source, target, options: [...options] };
}

export function fromWireMount({ type, source, target, options }: WireMount): Mount {
  return { type, source, target, options };
}
