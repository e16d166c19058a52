/** A container of this shim: its init and the processes that were exec'd into it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { alreadyExists, notFound } from '@docker-ts/base/errors';
import type { ContainerCgroup } from '../cgroup/container-cgroup.ts';
import type { ExecProcess } from './exec-process.ts';
import type { InitProcess } from './init-process.ts';
import type { TaskProcess } from './task-process.ts';

export class Container {
  readonly id: string;
  readonly bundle: string;
  readonly init: InitProcess;
  /** Undefined where no process is yet: a checkpoint that was not started. */
  cgroup: ContainerCgroup | undefined;
  /** Init is reaped; nothing may be started in the container any more. */
  initReaped = false;
  readonly #execs = new Map<string, ExecProcess>();
  #runningExecs = 0;
  #whenIdle: (() => void)[] = [];

  constructor(id: string, bundle: string, init: InitProcess) {
    this.id = id;
    this.bundle = bundle;
    this.init = init;
  }

  get execs(): Iterable<ExecProcess> {
    return this.#execs.values();
  }

  /** "" is init. */
  process(execId: string): TaskProcess {
    if (execId === '') return this.init;
    const found = this.#execs.get(execId);
    if (!found) throw notFound(`process does not exist ${execId}`);
    return found;
  }

  addExec(exec: ExecProcess): void {
    if (this.#execs.has(exec.execId)) throw alreadyExists(`id ${exec.execId}`);
    this.#execs.set(exec.execId, exec);
  }

  removeExec(execId: string): void {
    this.#execs.delete(execId);
  }

  /** Counted from before the runtime starts an exec until its exit is published, or its start has failed. */
  execStarting(): void {
    this.#runningExecs += 1;
  }

  execEnded(): void {
    this.#runningExecs -= 1;
    if (this.#runningExecs > 0) return;
    for (const resolve of this.#whenIdle.splice(0)) resolve();
  }

  /** Settles when no exec runs. */
  async execsEnded(): Promise<void> {
    if (this.#runningExecs > 0) await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
  }

  /** True if processes outlive init: it has no pid namespace of its own. */
  get sharesPidNamespace(): boolean {
    try {
      const config = JSON.parse(readFileSync(join(this.bundle, 'config.json'), 'utf8')) as {
        linux?: { namespaces?: { type?: string; path?: string }[] };
      };
      const own = config.linux?.namespaces?.find(({ type }) => type === 'pid');
      return !own || (own.path !== undefined && own.path !== '');
    } catch {
      // The bundle is being removed.
      return false;
    }
  }
}
