/**
 * What `start` prints, in the dialect that the daemon reads:
 *
 * | daemon     | asked by                  | answer |
 * | 1.6        | no $MAX_SHIM_VERSION      | the address as text, which means version 2 |
 * | 1.7 – 2.2  | $MAX_SHIM_VERSION         | JSON, version as allowed (2 or 3) |
 * | 2.3 on     | BootstrapParams on stdin  | BootstrapResult, version 3 |
 *
 * All of them speak ttrpc with us; the version picks containerd.task.v2 or v3, which are the same but in name.
 */
import { BootstrapResult } from '@docker-ts/rpc/gen/containerd/runtime/bootstrap/v1/bootstrap';

const ownVersion = 3;

/** `maxVersion` is the environment's MAX_SHIM_VERSION. */
export function bootstrapAnswer(address: string, bootstrap: boolean, maxVersion: string | undefined): Uint8Array {
  const protocol = 'ttrpc';
  if (bootstrap)
    return BootstrapResult.encode(BootstrapResult.fromPartial({ version: ownVersion, address, protocol })).finish();
  const allowed = Number.parseInt(maxVersion ?? '', 10);
  if (Number.isNaN(allowed) || allowed < 2) return Buffer.from(address);
  return Buffer.from(JSON.stringify({ version: Math.min(allowed, ownVersion), address, protocol }));
}
