/** All execs of the daemon, by full id. Those that ended stay readable for a while after: clients ask for the exit code then. */
import { notFound } from '@docker-ts/base/errors';
import type { Exec } from './exec.ts';

/** How many ended execs a container keeps for `GET /exec/x/json`. */
const endedKept = 200;

export class ExecRegistry {
  readonly #byId = new Map<string, Exec>();

  add(exec: Exec): void {
    this.#byId.set(exec.id, exec);
    exec.container.execs.set(exec.id, exec);
    const ended = [...exec.container.execs.values()].filter(({ status }) => status === 'exited');
    for (const old of ended.slice(0, Math.max(0, ended.length - endedKept))) this.#forget(old);
  }

  /** not_found for an unknown id, or one whose container is gone. */
  get(id: string): Exec {
    const exec = this.#byId.get(id);
    if (exec === undefined || exec.container.state.status === 'removing') {
      if (exec !== undefined) this.#forget(exec);
      throw notFound(`No such exec instance: ${id}`);
    }
    return exec;
  }

  /** Everything about a container that is removed. */
  forgetAll(containerId: string): void {
    for (const exec of this.#byId.values()) if (exec.container.id === containerId) this.#forget(exec);
  }

  #forget(exec: Exec): void {
    this.#byId.delete(exec.id);
    exec.container.execs.delete(exec.id);
  }
}
