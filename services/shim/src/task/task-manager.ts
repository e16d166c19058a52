/**
 * The containers of this shim, and the order of what is told about them. Three rules hold for every client:
 *
 * - the start of a process is published before its exit, even if it is dead before the runtime returns: exits of the time between
 *   wait in an `ExitWatch` until the start is in the queue;
 * - the exit of init is the last one of a container: the exits of its exec'd processes come first;
 * - nothing is started in a container whose init is reaped.
 */
import { alreadyExists, failedPrecondition, messageOf, notFound } from '@docker-ts/base/errors';
import {
  TaskCreate,
  TaskDelete,
  TaskExecAdded,
  TaskExecStarted,
  TaskExit,
  TaskOOM,
  TaskStart,
} from '@docker-ts/rpc/gen/containerd/events/task';
import type { CreateTaskRequest, ExecProcessRequest } from '@docker-ts/rpc/gen/containerd/runtime/task/v3/shim';
import { zeroTime } from '@docker-ts/rpc/timestamp';
import { ContainerCgroup } from '../cgroup/container-cgroup.ts';
import { type OutOfMemoryWatch, watchOutOfMemory } from '../cgroup/oom-watch.ts';
import type { EventPublisher } from '../events/publisher.ts';
import type { Log } from '../log.ts';
import type { Exit, ExitWatch, Reaper } from '../process/reaper.ts';
import type { Container } from './container.ts';
import type { ContainerFactory } from './container-factory.ts';
import type { TaskProcess } from './task-process.ts';

export interface TaskManagerOptions {
  readonly factory: ContainerFactory;
  readonly reaper: Reaper;
  readonly events: EventPublisher;
  readonly log: Log;
}

interface Running {
  readonly container: Container;
  readonly process: TaskProcess;
}

export class TaskManager {
  readonly #options: TaskManagerOptions;
  readonly #containers = new Map<string, Container>();
  /** Ids whose Create is under way. */
  readonly #creating = new Set<string>();
  /** Processes whose start is published, by pid: their exits may be published. */
  readonly #running = new Map<number, Running>();
  readonly #oomWatches = new Map<Container, OutOfMemoryWatch>();

  constructor(options: TaskManagerOptions) {
    this.#options = options;
    options.reaper.onAdoptedExit = (exit) => this.#exited(exit);
  }

  get isEmpty(): boolean {
    return this.#containers.size === 0 && this.#creating.size === 0;
  }

  container(id: string): Container {
    const found = this.#containers.get(id);
    if (!found) throw notFound('container not created');
    return found;
  }

  find(id: string): Container | undefined {
    return this.#containers.get(id);
  }

  async create(request: CreateTaskRequest): Promise<Container> {
    const { id, bundle, rootfs, stdin, stdout, stderr, terminal, checkpoint } = request;
    if (this.#containers.has(id) || this.#creating.has(id)) throw alreadyExists(`container ${id} already exists`);
    this.#creating.add(id);
    using watch = this.#options.reaper.openWatch();
    let container: Container;
    try {
      container = await this.#options.factory.create(request);
      this.#containers.set(id, container);
    } finally {
      this.#creating.delete(id);
    }
    const { pid } = container.init;
    this.#options.events.publish('/tasks/create', TaskCreate, {
      containerId: id,
      bundle,
      rootfs,
      io: { stdin, stdout, stderr, terminal },
      checkpoint,
      pid,
    });
    if (pid > 0) this.#watchMemory(container);
    this.#started(container, container.init, watch);
    return container;
  }

  async start(id: string, execId: string): Promise<number> {
    const container = this.container(id);
    const process = container.process(execId);
    const isExec = execId !== '';
    if (isExec && container.initReaped) throw failedPrecondition(`container ${id} init process is not running`);
    using watch = this.#options.reaper.openWatch();
    // Until the start is published its exit is early again; an exec counts as running, so that init's exit waits for it.
    if (isExec) container.execStarting();
    else this.#running.delete(process.pid);
    try {
      await process.start();
    } catch (error) {
      if (isExec) container.execEnded();
      else this.#started(container, process, watch);
      throw error;
    }
    const { pid } = process;
    if (isExec) {
      this.#options.events.publish('/tasks/exec-started', TaskExecStarted, { containerId: id, execId, pid });
    } else {
      this.#options.events.publish('/tasks/start', TaskStart, { containerId: id, pid });
      if (!container.cgroup) this.#watchMemory(container);
    }
    this.#started(container, process, watch);
    return pid;
  }

  exec(request: ExecProcessRequest): void {
    const container = this.container(request.id);
    container.init.life.require('exec');
    container.addExec(this.#options.factory.exec(container, request));
    const { execId } = request;
    this.#options.events.publish('/tasks/exec-added', TaskExecAdded, { containerId: container.id, execId });
  }

  async delete(id: string, execId: string): Promise<TaskProcess> {
    const container = this.container(id);
    const process = container.process(execId);
    await process.delete();
    if (execId !== '') {
      container.removeExec(execId);
      return process;
    }
    this.#containers.delete(id);
    this.#stopMemoryWatch(container);
    this.#running.delete(process.pid);
    this.#options.events.publish('/tasks/delete', TaskDelete, {
      containerId: id,
      pid: process.pid,
      exitStatus: process.exit?.status ?? 0,
      exitedAt: process.exit?.at ?? zeroTime,
    });
    return process;
  }

  /** The start is in the event queue: from now on the exit may follow, and does if it has happened. */
  #started(container: Container, process: TaskProcess, watch: ExitWatch): void {
    if (process.pid === 0) return;
    const exit = watch.find(process.pid);
    if (exit) this.#ended({ container, process }, exit);
    else this.#running.set(process.pid, { container, process });
  }

  #exited(exit: Exit): void {
    const running = this.#running.get(exit.pid);
    if (!running) return;
    this.#running.delete(exit.pid);
    this.#ended(running, exit);
  }

  #ended(running: Running, exit: Exit): void {
    const { container, process } = running;
    if (process !== container.init) {
      this.#publishExit(running, exit);
      container.execEnded();
      return;
    }
    container.initReaped = true;
    this.#initEnded(running, exit).catch((error: unknown) => {
      this.#options.log.error(`cannot tell the exit of ${container.id}: ${messageOf(error)}`);
    });
  }

  async #initEnded(running: Running, exit: Exit): Promise<void> {
    const { container } = running;
    if (container.sharesPidNamespace) {
      try {
        await container.init.killAll();
      } catch (error) {
        this.#options.log.error(`failed to kill init's children of ${container.id}: ${messageOf(error)}`);
      }
    }
    await container.execsEnded();
    this.#publishExit(running, exit);
    this.#stopMemoryWatch(container);
  }

  #publishExit({ container, process }: Running, exit: Exit): void {
    if (!process.setExited(exit)) return;
    // what killed it is told first: clients take the exit as the last word
    this.#oomWatches.get(container)?.check();
    this.#options.events.publish('/tasks/exit', TaskExit, {
      containerId: container.id,
      id: process.id,
      pid: exit.pid,
      exitStatus: exit.status,
      exitedAt: exit.at,
    });
  }

  #watchMemory(container: Container): void {
    container.cgroup = ContainerCgroup.of(container.init.pid);
    if (!container.cgroup) return;
    const watch = watchOutOfMemory(container.cgroup, () =>
      this.#options.events.publish('/tasks/oom', TaskOOM, { containerId: container.id }),
    );
    if (watch) this.#oomWatches.set(container, watch);
  }

  #stopMemoryWatch(container: Container): void {
    this.#oomWatches.get(container)?.[Symbol.dispose]();
    this.#oomWatches.delete(container);
  }
}
