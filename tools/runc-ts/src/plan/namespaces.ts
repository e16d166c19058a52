/** `linux.namespaces` as steps: namespaces(7), clone(2), setns(2). */
import { unimplemented } from '@docker-ts/base/errors';
import type { LinuxNamespace, LinuxNamespaceType } from '@docker-ts/oci/runtime-spec';
import type { Plan } from './plan.ts';

/** CLONE_NEW*; setns(2) takes the same to check what it is given. */
export const cloneFlags: Readonly<Record<LinuxNamespaceType, number>> = {
  time: 0x80,
  mount: 0x2_0000,
  cgroup: 0x200_0000,
  uts: 0x400_0000,
  ipc: 0x800_0000,
  user: 0x1000_0000,
  pid: 0x2000_0000,
  network: 0x4000_0000,
};

/** The names of /proc/PID/ns. */
export const procNames: Readonly<Record<LinuxNamespaceType, string>> = {
  time: 'time',
  mount: 'mnt',
  cgroup: 'cgroup',
  uts: 'uts',
  ipc: 'ipc',
  user: 'user',
  pid: 'pid',
  network: 'net',
};

const isNew = (namespace: LinuxNamespace): boolean => namespace.path === undefined || namespace.path === '';

/** True if the container gets a namespace of this type that did not exist before. */
export function hasNew(namespaces: readonly LinuxNamespace[], type: LinuxNamespaceType): boolean {
  return namespaces.some((namespace) => namespace.type === type && isNew(namespace));
}

/** True if the container does not share the runtime's namespace of this type. */
export function hasOwn(namespaces: readonly LinuxNamespace[], type: LinuxNamespaceType): boolean {
  return namespaces.some((namespace) => namespace.type === type);
}

/** unimplemented: user and time namespaces. */
export function planNamespaces(plan: Plan, namespaces: readonly LinuxNamespace[]): void {
  let flags = 0;
  const created: string[] = [];
  for (const [index, namespace] of namespaces.entries()) {
    const { type, path } = namespace;
    const field = `linux.namespaces[${index}]`;
    if (type === 'user' || type === 'time')
      throw unimplemented(`cannot use ${field}: ${type} namespaces are not supported`);
    if (isNew(namespace)) {
      // its root is the cgroup of whoever makes it, so the init must be in the right one first
      if (type !== 'cgroup') flags |= cloneFlags[type];
      created.push(type);
    } else {
      plan.add('setns', { fd: -1, path: path ?? '', types: cloneFlags[type] }, `join ${type} namespace ${path}`, field);
    }
  }
  const what = created.length === 0 ? 'start the init' : `start the init in new namespaces ${created.join(', ')}`;
  plan.add('clone', { flags: BigInt(flags >>> 0) }, what, 'linux.namespaces');
  if (hasNew(namespaces, 'cgroup'))
    plan.add('unshare', { flags: BigInt(cloneFlags.cgroup) }, 'make a cgroup namespace', 'linux.namespaces');
}
