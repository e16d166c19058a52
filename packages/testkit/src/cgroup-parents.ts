/**
 * Parent cgroups: runtimes make `/docker-ts`, `/docker` and (ctr) `/default` on the way to a container's own cgroup and, like the
 * originals, leave them for the next one. A test machine gets them back.
 */
import { readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';

const mountPoint = '/sys/fs/cgroup';
const parents = ['docker-ts', 'docker', 'default', 'testing', 'moby'];

/** Removes the parents that have no child and no process, in every hierarchy; the others stay. */
export function removeEmptyCgroupParents(): void {
  for (const hierarchy of ['', ...readdirSync(mountPoint)]) {
    for (const parent of parents) {
      try {
        rmdirSync(join(mountPoint, hierarchy, parent));
      } catch {
        // not there, or in use
      }
    }
  }
}
