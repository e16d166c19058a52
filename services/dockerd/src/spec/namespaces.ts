/** `linux.namespaces` from the modes of HostConfig, and the process ids of containers whose namespaces are joined. */
import type { LinuxNamespace, LinuxNamespaceType } from '@docker-ts/oci/runtime-spec';
import type { HostConfig } from './container-config.ts';
import { defaultNamespaces } from './default-spec.ts';
import { containerOfMode } from './namespace-modes.ts';

/** Where a container's namespaces come from, as far as they are not simply new. */
export interface NamespaceSources {
  /** File of the network sandbox; absent: a new, empty network namespace (or the host's, if the mode says so). */
  readonly networkPath?: string;
  /** Process id of a running container by full id; throws conflict if it does not run. */
  readonly pidOf: (containerId: string) => number;
}

/** The namespaces to make or join. The order is dockerd's. */
export function containerNamespaces(hostConfig: HostConfig, sources: NamespaceSources): LinuxNamespace[] {
  const modeByType: Partial<Record<LinuxNamespaceType, string | undefined>> = {
    network: hostConfig.NetworkMode,
    uts: hostConfig.UTSMode,
    pid: hostConfig.PidMode,
    ipc: hostConfig.IpcMode,
  };
  const types = hostConfig.CgroupnsMode === 'private' ? [...defaultNamespaces, 'cgroup' as const] : defaultNamespaces;
  return types
    .filter((type) => modeByType[type] !== 'host')
    .map((type): LinuxNamespace => {
      if (type === 'network' && sources.networkPath !== undefined) return { type, path: sources.networkPath };
      const other = containerOfMode(modeByType[type]);
      if (other === undefined) return { type };
      return { type, path: `/proc/${sources.pidOf(other)}/ns/${type === 'network' ? 'net' : type}` };
    });
}
