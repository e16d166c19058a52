/**
 * What the machine can do, as far as containers' settings depend on it: cgroup controllers, CPUs, kernel version, security
 * modules. Read once when the daemon starts (moby: pkg/sysinfo).
 */
import { readMountInfo, type MountInfo } from '@docker-ts/linux/mount';
import { existsSync, readFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { join } from 'node:path';
import { effectiveCapabilities } from './capability-sets.ts';

export interface HostFacts {
  readonly cgroupVersion: 1 | 2;
  readonly cpus: number;
  /** Lists as the kernel writes them: `0-3`. */
  readonly cpuList: string;
  readonly memoryNodes: string;
  readonly memory: boolean;
  readonly swap: boolean;
  readonly memoryReservation: boolean;
  readonly swappiness: boolean;
  readonly oomKillDisable: boolean;
  readonly cpuShares: boolean;
  readonly cpuCfs: boolean;
  readonly cpuset: boolean;
  readonly pids: boolean;
  readonly blkioWeight: boolean;
  readonly blkioWeightDevice: boolean;
  readonly blkioThrottle: boolean;
  readonly seccomp: boolean;
  readonly apparmor: boolean;
  readonly ipv4Forwarding: boolean;
  /** mount_setattr(2) with AT_RECURSIVE, Linux 5.12: what `rro` mounts need. */
  readonly recursiveReadonly: boolean;
  readonly kernel: { readonly major: number; readonly minor: number };
  readonly arch: string;
  /** Every capability that the daemon can hand on, `CAP_…`, in the kernel's order. */
  readonly capabilities: readonly string[];
  /** Whether a sysctl (dotted name) exists. */
  readonly hasSysctl: (name: string) => boolean;
}

type CgroupFacts = Pick<
  HostFacts,
  | 'cgroupVersion'
  | 'memory'
  | 'swap'
  | 'memoryReservation'
  | 'swappiness'
  | 'oomKillDisable'
  | 'cpuShares'
  | 'cpuCfs'
  | 'cpuset'
  | 'pids'
  | 'blkioWeight'
  | 'blkioWeightDevice'
  | 'blkioThrottle'
>;

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}

function unifiedFacts(mountPoint: string): CgroupFacts {
  const controllers = (readText(join(mountPoint, 'cgroup.controllers')) ?? '').split(' ');
  const has = (name: string): boolean => controllers.includes(name);
  return {
    cgroupVersion: 2,
    memory: has('memory'),
    // The root cgroup has no memory.swap.max: whether swap is accounted shows in /proc/swaps' existence alone.
    swap: has('memory') && existsSync('/proc/swaps'),
    memoryReservation: has('memory'),
    swappiness: false,
    oomKillDisable: false,
    cpuShares: has('cpu'),
    cpuCfs: has('cpu'),
    cpuset: has('cpuset'),
    pids: has('pids'),
    blkioWeight: has('io'),
    blkioWeightDevice: has('io'),
    blkioThrottle: has('io'),
  };
}

function hierarchyFacts(mounts: readonly MountInfo[]): CgroupFacts {
  const has = (controller: string, file: string): boolean => {
    const mount = mounts.find(
      ({ fsType, superOptions }) => fsType === 'cgroup' && superOptions.split(',').includes(controller),
    );
    return mount !== undefined && existsSync(join(mount.mountPoint, file));
  };
  return {
    cgroupVersion: 1,
    memory: has('memory', 'memory.limit_in_bytes'),
    swap: has('memory', 'memory.memsw.limit_in_bytes'),
    memoryReservation: has('memory', 'memory.soft_limit_in_bytes'),
    swappiness: has('memory', 'memory.swappiness'),
    oomKillDisable: has('memory', 'memory.oom_control'),
    cpuShares: has('cpu', 'cpu.shares'),
    cpuCfs: has('cpu', 'cpu.cfs_quota_us'),
    cpuset: has('cpuset', 'cpuset.cpus'),
    // The root cgroup has no pids.max; the controller being mounted is all that counts.
    pids: has('pids', 'cgroup.procs'),
    blkioWeight: has('blkio', 'blkio.weight'),
    blkioWeightDevice: has('blkio', 'blkio.weight_device'),
    blkioThrottle: has('blkio', 'blkio.throttle.read_bps_device'),
  };
}

function kernelVersion(): { major: number; minor: number } {
  const match = /^(\d+)\.(\d+)/.exec(release());
  return { major: Number(match?.[1] ?? 0), minor: Number(match?.[2] ?? 0) };
}

/** Reads the facts of this machine. */
export function readHostFacts(): HostFacts {
  const mounts = readMountInfo();
  const unified = mounts.find(({ fsType, mountPoint }) => fsType === 'cgroup2' && mountPoint === '/sys/fs/cgroup');
  const kernel = kernelVersion();
  return {
    ...(unified === undefined ? hierarchyFacts(mounts) : unifiedFacts(unified.mountPoint)),
    cpus: cpus().length,
    cpuList: readText('/sys/devices/system/cpu/online') ?? '0',
    memoryNodes: readText('/sys/devices/system/node/online') ?? '0',
    seccomp: existsSync('/proc/sys/kernel/seccomp/actions_avail'),
    apparmor: readText('/sys/module/apparmor/parameters/enabled') === 'Y',
    ipv4Forwarding: readText('/proc/sys/net/ipv4/ip_forward') === '1',
    recursiveReadonly: kernel.major > 5 || (kernel.major === 5 && kernel.minor >= 12),
    kernel,
    arch: process.arch,
    capabilities: effectiveCapabilities(),
    hasSysctl: (name) => existsSync(`/proc/sys/${name.replaceAll('.', '/')}`),
  };
}
