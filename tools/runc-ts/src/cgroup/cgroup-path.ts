/**
 * From `linux.cgroupsPath` to directories. An absolute path starts at the hierarchies' mount points; a relative one, or the
 * container's id if there is none, at the cgroup that the runtime itself is in (on v2 at that one's parent: a cgroup with processes
 * cannot have controllers in its children, the "no internal processes" rule). All as runc has it, so that paths agree.
 */
import { dirname, join, normalize } from 'node:path';
import { failedPrecondition, invalidArgument } from '@docker-ts/base/errors';
import {
  cgroupDirectory,
  type CgroupHierarchies,
  type CgroupMembership,
  hybridMountPoint,
  unifiedMountPoint,
} from '@docker-ts/linux/cgroup-hierarchies';

/** In the order in which processes join them: cpuset and devices first, so that nothing runs outside of its confines. */
export const v1Subsystems: readonly string[] = [
  'cpuset',
  'devices',
  'memory',
  'cpu',
  'cpuacct',
  'pids',
  'blkio',
  'hugetlb',
  'net_cls',
  'net_prio',
  'perf_event',
  'freezer',
  'rdma',
  'name=systemd',
  'misc',
];

/** `..` never leads above the mount point. */
function cleanPath(cgroupsPath: string | undefined, containerId: string): { absolute: boolean; path: string } {
  const wanted = cgroupsPath === undefined || cgroupsPath === '' ? containerId : cgroupsPath;
  const path = normalize(`/${wanted}`);
  // The root cgroup holds everything that runs on the host: its limits, and its end, would be the host's.
  if (path === '/') throw invalidArgument(`cannot use linux.cgroupsPath "${wanted}": it is the root cgroup`);
  return { absolute: wanted.startsWith('/'), path };
}

/** v1 and hybrid: subsystem → directory. failed_precondition if there is no devices hierarchy: nothing would confine devices. */
export function v1Paths(
  cgroupsPath: string | undefined,
  containerId: string,
  hierarchies: CgroupHierarchies,
  own: CgroupMembership,
): Record<string, string> {
  const { absolute, path } = cleanPath(cgroupsPath, containerId);
  const paths: Record<string, string> = {};
  for (const subsystem of v1Subsystems) {
    const mount = hierarchies.v1.get(subsystem);
    if (mount === undefined) continue;
    const start = absolute ? mount.mountPoint : cgroupDirectory(mount, own.get(subsystem) ?? '/');
    paths[subsystem] = join(start, path);
  }
  if (paths.devices === undefined)
    throw failedPrecondition('cannot use cgroups: the devices controller is not mounted');
  // runc puts the cgroup2 directory of a hybrid host below the mount point in any case.
  if (hierarchies.layout === 'hybrid') paths[''] = join(hybridMountPoint, path);
  return paths;
}

/** v2: the one directory. */
export function v2Path(cgroupsPath: string | undefined, containerId: string, own: CgroupMembership): string {
  const { absolute, path } = cleanPath(cgroupsPath, containerId);
  if (absolute) return join(unifiedMountPoint, path);
  return join(unifiedMountPoint, dirname(own.get('') ?? '/'), path);
}
