/** What the launcher does while it still sees the host: its files are out of reach once a namespace is entered. */
import { posix } from 'node:path';
import type { Process } from '@docker-ts/oci/runtime-spec';
import type { Plan } from './plan.ts';

/** How a process gets into the container's cgroups. */
export interface CgroupEntry {
  /** Files into which the launcher writes 0, which means itself. */
  readonly cgroupJoinFiles: readonly string[];
  /** The cgroup v2 directory that the process is born in; empty: none. */
  readonly cgroupUnified: string;
}

export function planHostFiles(plan: Plan, process: Process, { cgroupJoinFiles, cgroupUnified }: CgroupEntry): void {
  if (process.oomScoreAdj !== undefined) {
    const value = String(process.oomScoreAdj);
    const path = '/proc/self/oom_score_adj';
    plan.add('write_file', { path, value }, `set oom_score_adj to ${value}`, 'process.oomScoreAdj');
  }
  for (const path of cgroupJoinFiles)
    plan.add('write_file', { path, value: '0' }, `join cgroup ${posix.dirname(path)}`, 'linux.cgroupsPath');
  if (cgroupUnified !== '')
    plan.add('birth_cgroup', { path: cgroupUnified }, `join cgroup ${cgroupUnified}`, 'linux.cgroupsPath');
}
