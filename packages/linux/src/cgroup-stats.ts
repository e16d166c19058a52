/**
 * What a cgroup has used, read from its control files. Two shapes, as the two kernel interfaces count different things; they are
 * named like containerd's `io.containerd.cgroups.v1.Metrics` and `.v2.Metrics` messages, field for field, so that a shim can
 * encode them as they are. Units: nanoseconds (v1 CPU), microseconds (v2 CPU, `…Usec`), bytes, events.
 */
import type { CgroupV1Stats } from './cgroup-stats-v1.ts';
import type { CgroupV2Stats } from './cgroup-stats-v2.ts';

/** v1 for hosts with v1 hierarchies (hybrid ones as well), v2 for the unified tree. */
export type CgroupStats =
  | { readonly version: 1; readonly metrics: CgroupV1Stats }
  | { readonly version: 2; readonly metrics: CgroupV2Stats };
