/**
 * What a container's cgroups are to the runtime: a set of directories, one for each v1 hierarchy or one in the unified tree,
 * that hold the container's processes, limits and device rules. Facts: the kernel's Documentation/admin-guide/cgroup-v1 and
 * cgroup-v2.rst, cgroups(7); policy where both leave room: runc (libcontainer's cgroup managers), so that state and
 * `runc update` agree.
 *
 * Life cycle: `openCgroup` computes paths and touches nothing → `create()` makes the directories → `set()` writes limits → the
 * init writes its pid to each of `procsFiles()` → … → `destroy()`. `restoreCgroup` starts again from the paths in state.json.
 * Writes are planned as data (`write-plan.ts`) and then applied, so that the plan can be printed and tested without root.
 */
import type { CgroupStats } from '@docker-ts/linux/cgroup-stats';
import type { LinuxResources } from '@docker-ts/oci/runtime-spec';
import type { CgroupWrite } from './write-plan.ts';

/** What the host mounts: v1 hierarchies only, v1 with a cgroup2 tree at /sys/fs/cgroup/unified, or cgroup2 alone. */
export type CgroupMode = 'v1' | 'hybrid' | 'v2';

export type FreezerState = 'FROZEN' | 'THAWED' | 'FREEZING';

export interface CgroupManager {
  readonly mode: CgroupMode;
  /** v1: subsystem → absolute directory (hybrid: `""` is the cgroup2 directory as well); v2: `{"": directory}`. As in state.json. */
  readonly paths: Readonly<Record<string, string>>;
  /**
   * Makes the directories, and on v2 delegates controllers down to them. Idempotent.
   * failed_precondition if something runs in the cgroup already, or if it cannot hold processes under these limits.
   */
  create(): void;
  /** The `cgroup.procs` files that a process joins by writing its pid (`0`: the writer), in the order to write them. */
  procsFiles(): string[];
  /** What `set` would write, in order, without writing. */
  plan(resources: LinuxResources): CgroupWrite[];
  /** Writes limits and device rules. On failure the error names file, value and field; what was written before stays. */
  set(resources: LinuxResources): void;
  /** Stops every process of the subtree and waits until the kernel has. */
  freeze(): void;
  thaw(): void;
  freezerState(): FreezerState;
  /** Process ids as this pid namespace sees them, of the cgroup itself or of everything below as well. */
  pids(recursive: boolean): number[];
  /** Sends `signal` to every process of the subtree; SIGKILL also reaches frozen ones and ones that fork meanwhile. */
  killAll(signal: number): void;
  stats(): CgroupStats;
  /** True if the directory that runc asks (v1: devices', v2: the only one) exists. */
  exists(): boolean;
  /** How often the kernel's OOM killer chose a process of this cgroup; 0 where the kernel does not tell. */
  oomKillCount(): number;
  /**
   * Removes the directories and the cgroups below. Kills what is left in them first. Missing ones are no error. Does nothing to a
   * cgroup that `create` refused.
   */
  destroy(): void;
}

export interface CgroupOptions {
  /** `linux.cgroupsPath`: absolute, from the mount point; relative or empty, from the runtime's own cgroup, as runc does. */
  readonly cgroupsPath?: string;
  /** Last element of the path if `cgroupsPath` is empty. */
  readonly containerId: string;
  /** The limits that will be set: they decide whether a v2 cgroup may be a threaded one. */
  readonly resources?: LinuxResources;
  /** The systemd driver: not supported yet. */
  readonly systemd?: boolean;
}
