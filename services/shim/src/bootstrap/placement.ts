/** Where the background shim runs: in the cgroup that the options ask for, a little more likely to be killed than the daemon. */
import { messageOf, wrap } from '@docker-ts/base/errors';
import { readWholeFile, writeWholeFile } from '@docker-ts/linux/start-up-file';
import type { Any } from '@docker-ts/rpc/gen/google/protobuf/any';
import { readOptions } from '../runtime/requested-options.ts';

/** Of proc_pid_oom_score_adj(5). */
const maxOomScore = 1000;

/** Moves the process into `shim_cgroup`, in every hierarchy; nothing if the options name none. */
export async function joinShimCgroup(pid: number, any: Any | undefined): Promise<void> {
  if (any === undefined || any.value.length === 0) return;
  const { shimCgroup } = readOptions(any);
  if (shimCgroup === '') return;
  // Loaded for the few that ask.
  const { readCgroupHierarchies } = await import('@docker-ts/linux/cgroup-hierarchies');
  const { v1, unified } = readCgroupHierarchies();
  const mounts = new Set(
    [...v1.values(), ...(unified && v1.size === 0 ? [unified] : [])].map(({ mountPoint }) => mountPoint),
  );
  for (const mountPoint of mounts) {
    try {
      writeWholeFile(`${mountPoint}/${shimCgroup}/cgroup.procs`, Buffer.from(String(pid)), 0);
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
    const own = Number.parseInt(Buffer.from(readWholeFile('/proc/self/oom_score_adj')).toString('utf8'), 10);
    if (own < maxOomScore) writeWholeFile(`/proc/${pid}/oom_score_adj`, Buffer.from(String(own + 1)), 0);
  } catch {
    // A preference only.
  }
}
