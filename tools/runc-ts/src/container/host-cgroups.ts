/** The hierarchies that the host has mounted, as the container's cgroup mounts need them: cgroups(7), proc_pid_mountinfo(5). */
import { basename } from 'node:path';
import { readMountInfo } from '@docker-ts/linux/mount';
import type { CgroupManager } from '../cgroup/manager.ts';
import type { CgroupHierarchy } from '../plan/cgroup-mounts.ts';

/** Options of the superblock that do not name the hierarchy. */
const generalOptions =
  /^(?:rw|ro|xattr|clone_children|noprefix|nsdelegate|memory_|favordynmods|release_agent=|cpuset_v2_mode|seclabel|context=)/;

/** Below /sys/fs/cgroup only: the same hierarchy may be mounted again elsewhere. */
export function hostHierarchies(cgroup: CgroupManager, root = '/sys/fs/cgroup'): CgroupHierarchy[] {
  return readMountInfo().flatMap((mount): CgroupHierarchy[] => {
    const below = mount.mountPoint === root || mount.mountPoint.startsWith(`${root}/`);
    if (!below || (mount.fsType !== 'cgroup' && mount.fsType !== 'cgroup2')) return [];
    const options = mount.superOptions.split(',').filter((option) => !generalOptions.test(option));
    const named = options.some((option) => option.startsWith('name='));
    const data = mount.fsType === 'cgroup2' ? [] : named ? ['none', ...options] : options;
    const keys = mount.fsType === 'cgroup2' ? [''] : [...options, basename(mount.mountPoint)];
    const directory = keys.map((key) => cgroup.paths[key]).find((path) => path !== undefined);
    // a hierarchy that the container is not put into is none of its business
    if (directory === undefined) return [];
    return [{ mountPoint: mount.mountPoint, type: mount.fsType, data, directory }];
  });
}
