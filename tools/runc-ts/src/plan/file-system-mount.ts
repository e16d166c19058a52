/** A mount that is a file system of its own, and making mounts read-only. */
import { MOUNT_ATTR, type MountOptions } from './mount-options.ts';
import type { Plan } from './plan.ts';

/** Their superblock is the kernel's own or shared with other containers: read-only is a matter of the mount alone. */
const virtualFileSystems: ReadonlySet<string> = new Set([
  'proc',
  'sysfs',
  'tmpfs',
  'mqueue',
  'devpts',
  'cgroup',
  'cgroup2',
  'securityfs',
  'debugfs',
  'tracefs',
  'bpf',
]);
/** A link in their place would put the container's masks elsewhere. */
const needsRealDirectory: ReadonlySet<string> = new Set(['proc', 'sysfs']);

/** A file system of its own. One that later mounts need to be writable becomes read-only at the end. */
export function planFileSystem(
  plan: Plan,
  mount: { readonly type: string; readonly source?: string | undefined },
  target: string,
  options: MountOptions,
  field: string,
): boolean {
  const { type } = mount;
  const set = options.set | options.recursiveSet;
  const readonly = (set & MOUNT_ATTR.RDONLY) !== 0n;
  const later = readonly && type === 'tmpfs';
  plan.add(
    'mount_fs',
    {
      target,
      type,
      source: mount.source ?? type,
      options: readonly && !virtualFileSystems.has(type) ? [...options.data, 'ro'] : options.data,
      attributes: later ? set & ~MOUNT_ATTR.RDONLY : set,
      propagation: options.propagation,
      propagation_recursive: Number(options.propagationRecursive),
      real_directory: Number(needsRealDirectory.has(type)),
    },
    `mount ${type} on ${target}`,
    field,
  );
  return later;
}

export function planReadonly(plan: Plan, target: string, field: string): void {
  plan.add('remount', { target, set: MOUNT_ATTR.RDONLY, clear: 0n }, `make ${target} read-only`, field);
}
