/** Where the background shim runs: in the cgroup that the options ask for, a little more likely to be killed than the daemon. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, wrap } from '@docker-ts/base/errors';
import { readCgroupHierarchies } from '@docker-ts/linux/cgroup-hierarchies';
import type { Any } from '@docker-ts/rpc/gen/google/protobuf/any';
import { readOptions } from '../runtime/runtime-options.ts';

/** Of proc_pid_oom_score_adj(5). */
const maxOomScore = 1000;

/** Moves the process into `shim_cgroup`, in every hierarchy; nothing if the options name none. */
export function joinShimCgroup(pid: number, any: Any | undefined): void {
  if (any === undefined || any.value.length === 0) return;
  const { shimCgroup } = readOptions(any);
  if (shimCgroup === '') return;
  const { v1, unified } = readCgroupHierarchies();
  const mounts = new Set(
    [...v1.values(), ...(unified && v1.size === 0 ? [unified] : [])].map(({ mountPoint }) => mountPoint),
  );
  for (const mountPoint of mounts) {
    try {
      writeFileSync(join(mountPoint, shimCgroup, 'cgroup.procs'), String(pid));
    } catch (error) {
      throw wrap(error, `failed to join shim cgroup ${shimCgroup}: ${messageOf(error)}`);
    }
  }
}

/**
 * One above our own, which is the daemon's: the kernel then prefers a shim to the daemon. A daemon at the maximum, or a user who may
 * not change it, is no failure.
 */
export function adjustOomScore(pid: number): void {
  try {
    const own = Number.parseInt(readFileSync('/proc/self/oom_score_adj', 'utf8'), 10);
    if (own < maxOomScore) writeFileSync(`/proc/${pid}/oom_score_adj`, String(own + 1));
  } catch {
    // A preference only.
  }
}
