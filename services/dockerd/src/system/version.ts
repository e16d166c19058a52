/** `GET /version`: the engine and the programs below it. */
import { version as ownVersion } from '@docker-ts/base/version';
import { release } from 'node:os';
import { newestApiVersion, oldestApiVersion } from '../api/api-version.ts';
import { hostArchitecture } from '../api/platform.ts';
import type { ContainerdClient } from '../client/containerd.ts';
import { engineVersion } from './engine.ts';

const versionTimeoutMs = 2000;

export async function showVersion({ version }: Pick<ContainerdClient, 'version'>): Promise<Record<string, unknown>> {
  const containerd = await version.version({}, { timeoutMs: versionTimeoutMs }).catch(() => undefined);
  const common = {
    ApiVersion: newestApiVersion,
    MinAPIVersion: oldestApiVersion,
    GitCommit: '',
    GoVersion: '',
    Os: 'linux',
    Arch: hostArchitecture,
    KernelVersion: release(),
    BuildTime: '',
  };
  return {
    Platform: { Name: `docker-ts ${ownVersion}` },
    Components: [
      { Name: 'Engine', Version: engineVersion, Details: { ...common, Experimental: 'false' } },
      ...(containerd === undefined
        ? []
        : [{ Name: 'containerd', Version: containerd.version, Details: { GitCommit: containerd.revision } }]),
    ],
    Version: engineVersion,
    ...common,
  };
}
