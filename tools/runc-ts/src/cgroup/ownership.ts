/**
 * Whose a cgroup is. Destroying one kills all that is in it, so a manager must be sure that it is the container's: a new container takes
 * a cgroup only if nothing runs in it, and leaves alone what it did not take.
 */
import { failedPrecondition } from '@docker-ts/base/errors';
import type { CgroupManager } from './manager.ts';

export class Ownership {
  #owned: boolean;

  /** `restored`: the container's state says that the cgroup is its own. */
  constructor(restored: boolean) {
    this.#owned = restored;
  }

  get owned(): boolean {
    return this.#owned;
  }

  /** failed_precondition, with runc's texts, if the cgroup is in use. */
  take(cgroup: CgroupManager): void {
    if (this.#owned) return;
    const count = cgroup.exists() ? cgroup.pids(true).length : 0;
    if (count > 0) throw failedPrecondition(`container's cgroup is not empty: ${count} process(es) found`);
    if (cgroup.freezerState() !== 'THAWED') throw failedPrecondition("container's cgroup unexpectedly frozen");
    this.#owned = true;
  }
}
