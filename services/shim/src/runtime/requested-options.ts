/** The runtime's options as they come with a request: `containerd.runc.v1.Options` in an Any. `start` reads them too, so nothing slow to load belongs here. */
import { isAnyOf, unpackAny } from '@docker-ts/rpc/any';
import { Options } from '@docker-ts/rpc/gen/containerd/types/runc/options/oci';
import type { Any } from '@docker-ts/rpc/gen/google/protobuf/any';

/** Options of another type are not ours to understand: an empty set, as containerd sends for runtimes without options. */
export function readOptions(any: Any | undefined): Options {
  return any !== undefined && any.value.length > 0 && isAnyOf(any, Options)
    ? unpackAny(any, Options)
    : Options.fromPartial({});
}
