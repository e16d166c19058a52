/**
 * What `start` finds on stdin. containerd 2.3 and later write `BootstrapParams`; 1.7 to 2.2 the runtime's options as a bare Any;
 * older ones (and any without options) nothing. The messages carry no mark of their type, and an Any parses as BootstrapParams
 * with its type URL for the id: hence the comparison with `-id`.
 */
import { BootstrapParams } from '@docker-ts/rpc/gen/containerd/runtime/bootstrap/v1/bootstrap';
import { Any } from '@docker-ts/rpc/gen/google/protobuf/any';

export interface BootstrapInput {
  /** True if the answer must be a BootstrapResult. */
  readonly bootstrap: boolean;
  /** The runtime's options. */
  readonly options: Any | undefined;
  /** Where the daemon wants the socket; undefined: the default place. */
  readonly socketDir: string | undefined;
  readonly ttrpcAddress: string | undefined;
}

const nothing: BootstrapInput = { bootstrap: false, options: undefined, socketDir: undefined, ttrpcAddress: undefined };

/** `id` is the command line's. Bytes that are neither message count as nothing. */
export function readBootstrapInput(bytes: Uint8Array, id: string): BootstrapInput {
  if (bytes.length === 0) return nothing;
  try {
    const params = BootstrapParams.decode(bytes);
    if (params.instanceId === id) {
      return {
        bootstrap: true,
        options: params.extensions.find(({ value }) => value !== undefined)?.value,
        socketDir: params.socketDir === '' ? undefined : params.socketDir,
        ttrpcAddress: params.containerdTtrpcAddress === '' ? undefined : params.containerdTtrpcAddress,
      };
    }
  } catch {
    // Not that one.
  }
  try {
    return { ...nothing, options: Any.decode(bytes) };
  } catch {
    return nothing;
  }
}
