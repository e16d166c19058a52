/**
 * Execs by id. Each belongs to its container and goes with it; those that ended stay readable for a while, because clients ask
 * for the exit code afterwards. Those that nobody starts make room as well.
 */
import { notFound } from '@docker-ts/base/errors';
import type { ContainerRegistry } from '../containers/registry.ts';
import type { Exec } from './exec.ts';

/** How many execs that do not run a container keeps for the start and `GET /exec/x/json`. */
const idleKept = 200;

export class ExecRegistry {
  readonly #containers: ContainerRegistry;

  constructor(containers: ContainerRegistry) {
    this.#containers = containers;
  }

  add(exec: Exec): void {
    const { execs } = exec.container;
    execs.set(exec.id, exec);
    const idle = [...execs.values()].filter(({ status }) => status !== 'running');
    for (const old of idle.slice(0, Math.max(0, idle.length - idleKept))) execs.delete(old.id);
  }

  /** not_found for an unknown id, or one whose container is gone. */
  get(id: string): Exec {
    for (const { execs } of this.#containers.all()) {
      const exec = execs.get(id);
      if (exec !== undefined) return exec;
    }
    throw notFound(`No such exec instance: ${id}`);
  }
}
