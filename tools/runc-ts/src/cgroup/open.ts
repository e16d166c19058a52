/** Choosing the manager that fits the host. */
import { failedPrecondition, unimplemented } from '@docker-ts/base/errors';
import { readCgroupHierarchies, readCgroupMembership } from '@docker-ts/linux/cgroup-hierarchies';
import type { LinuxResources } from '@docker-ts/oci/runtime-spec';
import { v1Paths, v2Path } from './cgroup-path.ts';
import { defaultDeviceRules } from './default-devices.ts';
import { DeviceRules } from './device-rules.ts';
import { CgroupManagerV1 } from './manager-v1.ts';
import { CgroupManagerV2 } from './manager-v2.ts';
import type { CgroupManager, CgroupOptions } from './manager.ts';

/** The bundle's rules, and behind them the devices that every container may use. */
function containerDevices({ devices = [] }: LinuxResources): DeviceRules {
  return DeviceRules.of([...devices, ...defaultDeviceRules]);
}

/**
 * The cgroups of a new container; touches nothing yet. Its `set` also writes device rules: those of the resources, and the default
 * ones behind them. unimplemented for the systemd driver, failed_precondition if the host has no cgroups to use.
 */
export function openCgroup(options: CgroupOptions): CgroupManager {
  const { cgroupsPath, containerId, resources } = options;
  if (options.systemd === true) throw unimplemented('cannot use systemd cgroup driver: not supported');
  const hierarchies = readCgroupHierarchies();
  const own = readCgroupMembership();
  if (hierarchies.layout === 'v2')
    return new CgroupManagerV2(v2Path(cgroupsPath, containerId, own), resources, containerDevices);
  if (hierarchies.v1.size === 0) throw failedPrecondition('cannot use cgroups: none is mounted');
  return new CgroupManagerV1(v1Paths(cgroupsPath, containerId, hierarchies, own), resources, containerDevices);
}

/** The cgroups of a container that exists, from `cgroup_paths` of its state.json. Its `set` leaves devices alone, as `update` must. */
export function restoreCgroup(paths: Readonly<Record<string, string>>): CgroupManager {
  const { '': unified } = paths;
  if (unified !== undefined && Object.keys(paths).length === 1) return new CgroupManagerV2(unified);
  return new CgroupManagerV1(paths);
}
