/** `mounts` of config.json as steps. */
import { isAbsolute, posix, resolve } from 'node:path';
import { invalidArgument, unimplemented } from '@docker-ts/base/errors';
import type { Mount } from '@docker-ts/oci/runtime-spec';
import { type CgroupView, planCgroupMount } from './cgroup-mounts.ts';
import { planFileSystem } from './file-system-mount.ts';
import { type MountOptions, parseMountOptions } from './mount-options.ts';
import type { Plan } from './plan.ts';

/** What lxcfs and the like may put over files of /proc; nothing else may cover a part of it (runc's list). */
export const coverableProcPaths: readonly string[] = [
  '/proc/cpuinfo',
  '/proc/diskstats',
  '/proc/meminfo',
  '/proc/stat',
  '/proc/swaps',
  '/proc/uptime',
  '/proc/loadavg',
  '/proc/slabinfo',
  '/proc/sys/kernel/ns_last_pid',
  '/proc/sys/crypto/fips_enabled',
];

/** The path in the container, without `..`, `//` or a slash at its end. */
export function containerPath(path: string): string {
  const normal = posix.normalize(`/${path}`);
  return normal.length > 1 && normal.endsWith('/') ? normal.slice(0, -1) : normal;
}

export function isBindMount(mount: Mount): boolean {
  return mount.type === 'bind' || (mount.options ?? []).some((option) => option === 'bind' || option === 'rbind');
}

function planBind(
  plan: Plan,
  mount: Mount,
  target: string,
  options: MountOptions,
  bundle: string,
  field: string,
): void {
  if (mount.source === undefined || mount.source === '')
    throw invalidArgument(`cannot use ${field}: a bind mount needs a source`);
  const source = isAbsolute(mount.source) ? mount.source : resolve(bundle, mount.source);
  plan.add(
    'mount_bind',
    {
      target,
      source,
      recursive: Number(options.recursive),
      set: options.set,
      clear: options.clear,
      recursive_set: options.recursiveSet,
      recursive_clear: options.recursiveClear,
      propagation: options.propagation,
      propagation_recursive: Number(options.propagationRecursive),
    },
    `bind mount ${source} on ${target}`,
    field,
  );
}

interface LateMount {
  readonly target: string;
  readonly field: string;
}

/** Adds all mounts; answers those that must become read-only once everything below them is made. */
export function planMounts(plan: Plan, mounts: readonly Mount[], bundle: string, cgroup: CgroupView): LateMount[] {
  const late: LateMount[] = [];
  for (const [index, mount] of mounts.entries()) {
    const field = `mounts[${index}]`;
    const target = containerPath(mount.destination);
    if (target === '/') throw invalidArgument(`cannot use ${field}: destination "/" would cover the root file system`);
    if (mount.uidMappings !== undefined || mount.gidMappings !== undefined)
      throw unimplemented(`cannot use ${field}: id-mapped mounts are not supported`);
    const options = parseMountOptions(mount.options ?? [], field);
    const type = mount.type ?? '';
    if (options.remount)
      plan.add('remount', { target, set: options.set, clear: options.clear }, `remount ${target}`, field);
    else if (isBindMount(mount)) planBind(plan, mount, target, options, bundle, field);
    else if (type === 'cgroup' || type === 'cgroup2') planCgroupMount(plan, target, options, cgroup, field, late);
    else if (type === '') throw invalidArgument(`cannot use ${field}: neither a type nor option bind is given`);
    else if (planFileSystem(plan, { type, source: mount.source }, target, options, field)) late.push({ target, field });
  }
  return late;
}
