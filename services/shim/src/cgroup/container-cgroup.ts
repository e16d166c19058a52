/**
 * A container's cgroup as its counters are read: found from init's /proc entry while it lives, kept for later, since the cgroup
 * outlives init.
 */
import { cgroupDirectoriesOf, readCgroupHierarchies } from '@docker-ts/linux/cgroup-hierarchies';
import { readCgroupV1Stats } from '@docker-ts/linux/cgroup-stats-v1';
import { readCgroupV2Stats } from '@docker-ts/linux/cgroup-stats-v2';
import { packAny } from '@docker-ts/rpc/any';
import { Metrics as MetricsV1 } from '@docker-ts/rpc/gen/cgroups/v1/metrics';
import { Metrics as MetricsV2 } from '@docker-ts/rpc/gen/cgroups/v2/metrics';
import type { Any } from '@docker-ts/rpc/gen/google/protobuf/any';

export class ContainerCgroup {
  /** Controller → directory (v1, hybrid), or `""` → directory (v2). */
  readonly directories: Readonly<Record<string, string>>;
  readonly unified: boolean;

  private constructor(directories: Readonly<Record<string, string>>, unified: boolean) {
    this.directories = directories;
    this.unified = unified;
  }

  /** Undefined if the process is gone already. */
  static of(pid: number): ContainerCgroup | undefined {
    try {
      const hierarchies = readCgroupHierarchies();
      return new ContainerCgroup(cgroupDirectoriesOf(pid, hierarchies), hierarchies.layout === 'v2');
    } catch {
      return undefined;
    }
  }

  /** `io.containerd.cgroups.v1.Metrics` or `.v2.Metrics`. */
  stats(): Any {
    return this.unified
      ? packAny(MetricsV2, readCgroupV2Stats(this.directories[''] ?? ''))
      : packAny(MetricsV1, readCgroupV1Stats(this.directories));
  }
}
