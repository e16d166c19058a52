/** The processes of a cgroup, and signals to them. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isAbsent, readCgroupFile } from '@docker-ts/linux/cgroup-file';
import { errnoOf } from './control-file.ts';

/** The cgroups right below; none if the cgroup is gone. */
export function childCgroups(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true }).flatMap((entry) =>
      entry.isDirectory() ? [join(directory, entry.name)] : [],
    );
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}

/** Process ids as this pid namespace sees them; processes of other pid namespaces, which read as 0, are left out. */
export function cgroupPids(directory: string, recursive: boolean): number[] {
  // A threaded cgroup does not tell its processes (EOPNOTSUPP), but its threads.
  const text =
    readCgroupFile(join(directory, 'cgroup.procs')) ?? readCgroupFile(join(directory, 'cgroup.threads')) ?? '';
  const pids = text
    .split('\n')
    .map(Number)
    .filter((pid) => pid > 0);
  if (!recursive) return pids;
  return [...pids, ...childCgroups(directory).flatMap((child) => cgroupPids(child, true))];
}

/** kill(2) for each; those that have ended meanwhile are no error. */
export function signalProcesses(pids: readonly number[], signal: number): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if (errnoOf(error) !== 'ESRCH') throw error;
    }
  }
}
