/**
 * The container's view of the cgroup file systems (`mounts[]` of type cgroup). On a v2 host one cgroup2 mount; on v1 a tmpfs with
 * one mount for each v1 hierarchy. With a cgroup namespace the file system itself shows only
 * the container's part; without one its directory is bound from the host.
 */
import { basename, posix } from 'node:path';
import { MOUNT_ATTR, type MountOptions } from './mount-options.ts';
import { planFileSystem } from './file-system-mount.ts';
import type { Plan } from './plan.ts';

/** A mounted hierarchy of the host. */
export interface CgroupHierarchy {
  /** Where the host has it: /sys/fs/cgroup/cpu,cpuacct. */
  readonly mountPoint: string;
  /** `cgroup` or `cgroup2`. */
  readonly type: string;
  /** Mount data that names it: `cpu`, `cpuacct`, or `none`, `name=systemd`; empty for cgroup2. */
  readonly data: readonly string[];
  /** The container's directory in it, on the host. */
  readonly directory: string;
}

export interface CgroupView {
  /** The container has a cgroup namespace of its own. */
  readonly namespaced: boolean;
  readonly hierarchies: readonly CgroupHierarchy[];
}

const restricted = MOUNT_ATTR.NOSUID | MOUNT_ATTR.NODEV | MOUNT_ATTR.NOEXEC;

/** A hierarchy, or the container's directory of it, on `target`. */
function planHierarchy(
  plan: Plan,
  target: string,
  hierarchy: CgroupHierarchy,
  options: MountOptions,
  namespaced: boolean,
  field: string,
): void {
  const set = restricted | (options.set & MOUNT_ATTR.RDONLY);
  const propagation = { propagation: options.propagation, propagation_recursive: Number(options.propagationRecursive) };
  const what = `mount cgroup ${hierarchy.data.join(',') || 'v2'} on ${target}`;
  if (!namespaced) {
    const source = hierarchy.directory;
    const none = { recursive: 0, clear: 0n, recursive_set: 0n, recursive_clear: 0n };
    plan.add('mount_bind', { target, source, set, ...none, ...propagation }, what, field);
    return;
  }
  const { type, data } = hierarchy;
  const values = { target, type, source: 'cgroup', options: data, attributes: set, real_directory: 0 };
  plan.add('mount_fs', { ...values, ...propagation }, what, field);
}

/** Names of single controllers lead to the hierarchy that they share: cpu → cpu,cpuacct. */
function planLinks(plan: Plan, target: string, hierarchy: CgroupHierarchy, field: string): void {
  const name = basename(hierarchy.mountPoint);
  if (hierarchy.data.length < 2 || hierarchy.data.includes('none')) return;
  for (const controller of hierarchy.data) {
    if (controller === name) continue;
    const path = posix.join(target, controller);
    plan.add('symlink', { path, destination: name, replace: 0 }, `link ${path} to ${name}`, field);
  }
}

export function planCgroupMount(
  plan: Plan,
  target: string,
  options: MountOptions,
  view: CgroupView,
  field: string,
  late: { target: string; field: string }[],
): void {
  const unified = view.hierarchies.find((hierarchy) => hierarchy.type === 'cgroup2');
  if (unified !== undefined && view.hierarchies.length === 1) {
    planHierarchy(plan, target, unified, options, view.namespaced, field);
    return;
  }
  const readonly = (options.set & MOUNT_ATTR.RDONLY) !== 0n;
  const folder: MountOptions = { ...options, set: restricted, data: ['mode=755'] };
  planFileSystem(plan, { type: 'tmpfs', source: 'tmpfs' }, target, folder, field);
  for (const hierarchy of view.hierarchies) {
    // runc shows a container no cgroup2 beside v1
    if (hierarchy.type === 'cgroup2') continue;
    const below = posix.join(target, basename(hierarchy.mountPoint));
    planHierarchy(plan, below, hierarchy, options, view.namespaced, field);
    planLinks(plan, target, hierarchy, field);
  }
  if (readonly) late.push({ target, field });
}
