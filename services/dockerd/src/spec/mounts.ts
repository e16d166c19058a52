/**
 * `mounts` of the runtime spec: dockerd's default mounts, overridden by what is mounted at the same place, then the container's
 * mount points from the root outwards, so that a mount below another one is not covered by it.
 */
import { invalidArgument } from '@docker-ts/base/errors';
import { readMountInfo, type MountInfo } from '@docker-ts/linux/mount';
import type { Mount, RootfsPropagation } from '@docker-ts/oci/runtime-spec';
import { realpathSync } from 'node:fs';
import type { HostConfig } from './container-config.ts';
import { defaultMounts } from './default-spec.ts';
import type { MountPoint } from './mount-points.ts';
import { containerTmpfsOptions } from './tmpfs-options.ts';

/** Files that the daemon keeps for a container and mounts over the image's; absent ones are left to the image. */
export interface NetworkFiles {
  readonly resolvConf?: string;
  readonly hostname?: string;
  readonly hosts?: string;
}

export interface MountsInput {
  readonly hostConfig: HostConfig;
  readonly mountPoints: readonly MountPoint[];
  readonly networkFiles: NetworkFiles;
  /** Directory on the host to mount at /dev/shm, for IPC modes other than private and none. */
  readonly shmPath: string | undefined;
  /** An init program of the host to mount for `--init`. */
  readonly initPath: string | undefined;
  readonly recursiveReadonly: boolean;
  readonly writableCgroups: boolean;
}

export interface ContainerMounts {
  readonly mounts: readonly Mount[];
  /** Set if a bind with shared or slave propagation needs it. */
  readonly rootfsPropagation?: RootfsPropagation;
}

/** Where `--init` finds its program in the container. */
export const initDestination = '/sbin/docker-init';

type FullMount = Mount & { readonly options: readonly string[] };

const depth = (destination: string): number => destination.split('/').filter((part) => part !== '').length;

function networkMounts({ networkFiles, mountPoints, hostConfig, recursiveReadonly }: MountsInput): FullMount[] {
  const files: [string, string | undefined][] = [
    ['/etc/resolv.conf', networkFiles.resolvConf],
    ['/etc/hostname', networkFiles.hostname],
    ['/etc/hosts', networkFiles.hosts],
  ];
  const taken = new Set(mountPoints.map(({ destination }) => destination));
  return files.flatMap(([destination, source]) => {
    if (source === undefined || taken.has(destination)) return [];
    const readonly = hostConfig.ReadonlyRootfs === true ? [recursiveReadonly ? 'rro' : 'ro'] : [];
    return [{ destination, type: 'bind', source, options: ['rbind', ...readonly, 'rprivate'] }];
  });
}

function readonlyOption(point: MountPoint, recursiveReadonly: boolean): string[] {
  if (point.writable) return [];
  const { ReadOnlyNonRecursive: shallow, ReadOnlyForceRecursive: force } = point.bind;
  if (shallow === true && force === true)
    throw invalidArgument('mount options conflict: ReadOnlyNonRecursive && ReadOnlyForceRecursive');
  if (force === true && !recursiveReadonly)
    throw invalidArgument('rro is not supported: requires kernel v5.12 or later');
  return [shallow !== true && recursiveReadonly ? 'rro' : 'ro'];
}

function toMount(point: MountPoint, recursiveReadonly: boolean): FullMount {
  const { destination, source } = point;
  if (point.type === 'tmpfs')
    return { destination, type: 'tmpfs', source: 'tmpfs', options: containerTmpfsOptions(point.tmpfs) };
  return {
    destination,
    type: 'bind',
    source,
    options: [
      point.bind.NonRecursive === true ? 'bind' : 'rbind',
      ...readonlyOption(point, recursiveReadonly),
      ...(point.propagation === '' ? [] : [point.propagation]),
    ],
  };
}

/** The mount below which `path` lies: the longest mount point wins, of equal ones the last. */
function mountOf(path: string, table: readonly MountInfo[]): MountInfo | undefined {
  const real = realpathSync(path);
  let found: MountInfo | undefined;
  for (const entry of table) {
    const prefix = entry.mountPoint === '/' ? '/' : `${entry.mountPoint}/`;
    if (real !== entry.mountPoint && !real.startsWith(prefix)) continue;
    if (found === undefined || entry.mountPoint.length >= found.mountPoint.length) found = entry;
  }
  return found;
}

/** Shared and slave binds only work from a mount that itself propagates; the root then must not be private. */
function rootfsPropagation(points: readonly MountPoint[]): RootfsPropagation | undefined {
  let result: RootfsPropagation | undefined;
  for (const { propagation, source } of points) {
    const wantsShared = propagation === 'shared' || propagation === 'rshared';
    if (!wantsShared && propagation !== 'slave' && propagation !== 'rslave') continue;
    const mount = mountOf(source, readMountInfo());
    const isShared = mount?.optional.some((field) => field.startsWith('shared:')) === true;
    const isSlave = mount?.optional.some((field) => field.startsWith('master:')) === true;
    if (!isShared && (wantsShared || !isSlave))
      throw invalidArgument(
        `path ${source} is mounted on ${mount?.mountPoint ?? '/'} but it is not a shared ${wantsShared ? '' : 'or slave '}mount`,
      );
    if (wantsShared) result = 'shared';
    else result ??= 'rslave';
  }
  return result;
}

function remainingDefaults(taken: ReadonlySet<string>, hostConfig: HostConfig): FullMount[] {
  return defaultMounts
    .filter(({ destination }) => {
      if (taken.has(destination)) return false;
      if (taken.has('/dev') && destination.startsWith('/dev/')) return false;
      return destination !== '/dev/shm' || hostConfig.IpcMode !== 'none';
    })
    .map((mount) =>
      mount.destination === '/dev/shm'
        ? { ...mount, options: [...mount.options, `size=${hostConfig.ShmSize ?? 0}`] }
        : mount,
    );
}

const withoutReadonly = (mount: FullMount): FullMount => ({
  ...mount,
  options: mount.options.filter((option) => option !== 'ro'),
});

/** What stays writable in a read-only container, beside its own mount points. */
const alwaysWritable: readonly string[] = ['/proc', '/dev', '/dev/pts', '/dev/shm', '/dev/mqueue'];

function adjustDefaults(mounts: readonly FullMount[], input: MountsInput): FullMount[] {
  const privileged = input.hostConfig.Privileged === true;
  return mounts.map((mount) => {
    if (mount.type === 'sysfs' && privileged) return withoutReadonly(mount);
    if (mount.type === 'cgroup' && input.writableCgroups) return withoutReadonly(mount);
    const readonly = input.hostConfig.ReadonlyRootfs === true && !alwaysWritable.includes(mount.destination);
    return readonly && !mount.options.includes('ro') ? { ...mount, options: [...mount.options, 'ro'] } : mount;
  });
}

/** Puts all mounts of a container together. */
export function containerMounts(input: MountsInput): ContainerMounts {
  const points = input.mountPoints.map((point) => toMount(point, input.recursiveReadonly));
  const shm: FullMount[] =
    input.shmPath === undefined || points.some(({ destination }) => destination === '/dev/shm')
      ? []
      : [{ destination: '/dev/shm', type: 'bind', source: input.shmPath, options: ['rbind', 'rprivate'] }];
  const own = [...shm, ...points, ...networkMounts(input)].sort((a, b) => depth(a.destination) - depth(b.destination));
  const taken = new Set(own.map(({ destination }) => destination));
  const init: FullMount[] =
    input.initPath === undefined
      ? []
      : [{ destination: initDestination, type: 'bind', source: input.initPath, options: ['bind', 'ro'] }];
  const propagation = rootfsPropagation(input.mountPoints);
  return {
    mounts: [...adjustDefaults([...remainingDefaults(taken, input.hostConfig), ...init], input), ...own],
    ...(propagation === undefined ? {} : { rootfsPropagation: propagation }),
  };
}
