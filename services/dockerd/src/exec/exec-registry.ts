/**
 * Execs by id. Each belongs to its container and goes with it; those that ended stay readable for a while, because clients ask
 * for the exit code afterwards.
 */
import { notFound } from '@docker-ts/base/errors';
import type { ContainerRegistry } from '../containers/registry.ts';
import type { Exec } from './exec.ts';

/** How many ended execs a container keeps for `GET /exec/x/json`. */
const endedKept = 200;

export class ExecRegistry {
  readonly #containers: ContainerRegistry;

  constructor(containers: ContainerRegistry) {
    this.#containers = containers;
  }

  add(exec: Exec): void {
    const { execs } = exec.container;
    execs.set(exec.id, exec);
    const ended = [...execs.values()].filter(({ status }) => status === 'exited');
    for (const old of ended.slice(0, Math.max(0, ended.length - endedKept))) execs.delete(old.id);
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
