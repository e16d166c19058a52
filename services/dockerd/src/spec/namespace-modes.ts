/**
 * The mode words of HostConfig's namespace fields (IpcMode, PidMode, UTSMode, CgroupnsMode, NetworkMode): `host`, `private`,
 * `container:ID`, and what only single ones know.
 */
import { invalidArgument } from '@docker-ts/base/errors';
import type { HostConfig } from './container-config.ts';

/** The id or name in `container:ID`; `undefined` for every other mode. */
export function containerOfMode(mode: string | undefined): string | undefined {
  return mode?.startsWith('container:') === true ? mode.slice('container:'.length) : undefined;
}

/** A network of the container's own: neither the host's nor another container's. */
export function hasOwnNetwork(hostConfig: HostConfig): boolean {
  return hostConfig.NetworkMode !== 'host' && containerOfMode(hostConfig.NetworkMode) === undefined;
}

/** A pid namespace of the container's own. */
export function hasOwnPidNamespace(hostConfig: HostConfig): boolean {
  return hostConfig.PidMode !== 'host' && containerOfMode(hostConfig.PidMode) === undefined;
}

const ipcModes: readonly string[] = ['', 'none', 'private', 'host', 'shareable'];

/** Throws invalid_argument for a mode that dockerd does not know. */
export function verifyNamespaceModes(hostConfig: HostConfig): void {
  const { IpcMode: ipc = '', PidMode: pid = '', UTSMode: uts = '', CgroupnsMode: cgroupns = '' } = hostConfig;
  if (!ipcModes.includes(ipc) && containerOfMode(ipc) === undefined) throw invalidArgument(`invalid IPC mode: ${ipc}`);
  if (pid !== '' && pid !== 'host' && !containerOfMode(pid)) throw invalidArgument(`invalid PID mode: ${pid}`);
  if (uts !== '' && uts !== 'host') throw invalidArgument(`invalid UTS mode: ${uts}`);
  if (cgroupns !== '' && cgroupns !== 'host' && cgroupns !== 'private')
    throw invalidArgument(`invalid cgroup namespace mode: ${cgroupns}`);
  if ((hostConfig.UsernsMode ?? '') !== '' && hostConfig.UsernsMode !== 'host')
    throw invalidArgument(`invalid userns mode: ${hostConfig.UsernsMode}`);
}
