/**
 * Where this host's cgroups are: the mounted v1 hierarchies and the cgroup2 tree (proc_pid_mountinfo(5)), and which cgroup of each a
 * process is in (/proc/PID/cgroup, cgroups(7)). Three layouts are told apart:
 *
 *     v1       one tree for each controller below /sys/fs/cgroup
 *     hybrid   the same, and an almost empty cgroup2 tree at /sys/fs/cgroup/unified
 *     v2       cgroup2 at /sys/fs/cgroup itself
 */
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

export type CgroupLayout = 'v1' | 'hybrid' | 'v2';

export interface CgroupMount {
  readonly mountPoint: string;
  /** The cgroup that is shown at the mount point: `/` unless this process lives in a container. */
  readonly root: string;
}

export interface CgroupHierarchies {
  readonly layout: CgroupLayout;
  /** Controller (`memory`, `name=systemd`) → its v1 mount. Empty on v2. */
  readonly v1: ReadonlyMap<string, CgroupMount>;
  /** The cgroup2 tree, if there is one. */
  readonly unified?: CgroupMount;
}

export const unifiedMountPoint = '/sys/fs/cgroup';
export const hybridMountPoint = '/sys/fs/cgroup/unified';

/** Parses /proc/self/mountinfo's text. Of a controller that is mounted twice the first mount counts. */
export function parseCgroupHierarchies(mountInfo: string): CgroupHierarchies {
  const v1 = new Map<string, CgroupMount>();
  const unified = new Map<string, CgroupMount>();
  for (const line of mountInfo.split('\n')) {
    if (!line.includes(' - cgroup')) continue;
    const [left = '', right = ''] = line.split(' - ');
    const [, , , root = '/', mountPoint = ''] = left.split(' ');
    const [type, , superOptions = ''] = right.split(' ');
    if (type === 'cgroup2') unified.set(mountPoint, { mountPoint, root });
    if (type !== 'cgroup') continue;
    for (const option of superOptions.split(','))
      if (option !== 'rw' && option !== 'ro' && !v1.has(option)) v1.set(option, { mountPoint, root });
  }
  const pure = unified.get(unifiedMountPoint);
  if (pure !== undefined) return { layout: 'v2', v1: new Map(), unified: pure };
  const hybrid = unified.get(hybridMountPoint);
  return hybrid === undefined ? { layout: 'v1', v1 } : { layout: 'hybrid', v1, unified: hybrid };
}

export function readCgroupHierarchies(): CgroupHierarchies {
  return parseCgroupHierarchies(readFileSync('/proc/self/mountinfo', 'utf8'));
}

/** Controller (`""`: the cgroup2 tree) → path of the process's cgroup in that hierarchy. */
export type CgroupMembership = ReadonlyMap<string, string>;

/** Parses /proc/PID/cgroup's text: lines of `hierarchy:controller,controller:path`. */
export function parseCgroupMembership(text: string): CgroupMembership {
  const membership = new Map<string, string>();
  for (const line of text.split('\n')) {
    const match = /^\d+:([^:]*):(.*)$/.exec(line);
    if (match === null) continue;
    const [, controllers = '', path = ''] = match;
    for (const controller of controllers.split(',')) membership.set(controller, path);
  }
  return membership;
}

/** The cgroups of a process; throws node's ENOENT or ESRCH if it is gone. */
export function readCgroupMembership(pid: number | 'self' = 'self'): CgroupMembership {
  return parseCgroupMembership(readFileSync(`/proc/${pid}/cgroup`, 'utf8'));
}

/** The directory of a cgroup path below its mount, which may show only a part of the hierarchy. */
export function cgroupDirectory(mount: CgroupMount, path: string): string {
  return join(mount.mountPoint, relative(mount.root, path));
}

/**
 * Where a process's cgroups are, by controller as a runtime's state.json has it; on v2 the only key is `""`. What a shim needs to
 * read a container's counters.
 */
export function cgroupDirectoriesOf(pid: number, hierarchies = readCgroupHierarchies()): Record<string, string> {
  const membership = readCgroupMembership(pid);
  const directories: Record<string, string> = {};
  for (const [controller, mount] of hierarchies.v1) {
    const path = membership.get(controller);
    if (path !== undefined) directories[controller] = cgroupDirectory(mount, path);
  }
  const path = membership.get('');
  if (hierarchies.unified !== undefined && path !== undefined)
    directories[''] = cgroupDirectory(hierarchies.unified, path);
  return directories;
}
