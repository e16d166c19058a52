/** containerd.services.version.v1.Version. */
import type { VersionDefinition } from '@docker-ts/rpc/gen/containerd/services/version/v1/version';
import type { ServiceImplementation } from '@docker-ts/rpc/service';

export interface DaemonVersion {
  readonly version: string;
  readonly revision: string;
}

export function createVersionService(daemon: DaemonVersion): ServiceImplementation<typeof VersionDefinition> {
  return { version: async () => ({ ...daemon }) };
}
