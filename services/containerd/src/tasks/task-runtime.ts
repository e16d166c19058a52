/**
 * Tasks: containers that run. A *task* is a container's running instance, held by its shim; an *exec* is another process in it.
 *
 *     create ──→ CREATED ── start ──→ RUNNING ⇄ PAUSED
 *                                        └── exits ──→ STOPPED ── delete ──→ gone
 *
 * Nothing about a task is kept here: the shim is asked each time, so that a restart of the daemon loses nothing. Calls for one task run
 * side by side (a `wait` may last for ever); the shim puts them in order.
 */
import { setImmediate } from 'node:timers/promises';
import { alreadyExists, isCode, messageOf, notFound, unimplemented, wrap } from '@docker-ts/base/errors';
import type { StateResponse } from '@docker-ts/rpc/gen/containerd/runtime/task/v3/shim';
import type { Any } from '@docker-ts/rpc/gen/google/protobuf/any';
import { toWireMount } from '../mounts/wire-mount.ts';
import type { Mount } from '../mounts/mount.ts';
import { checkTaskId } from '../shims/bundle.ts';
import type { TaskExitRecord } from '../shims/shim-binary.ts';
import type { Shim } from '../shims/shim.ts';
import type { ShimLogger, ShimSupervisor } from '../shims/shim-supervisor.ts';

/** What a task needs to know of its container. */
export interface TaskContainer {
  readonly id: string;
  readonly runtime: { readonly name: string; readonly options: Any | undefined };
  readonly spec: Any | undefined;
}

/** The container records of the daemon. */
export interface TaskContainers {
  /** @throws not_found. */
  get(namespace: string, id: string): Promise<TaskContainer>;
}

/** Standard streams as the shim takes them: FIFO paths, URIs or empty. */
export interface TaskIo {
  readonly stdin: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly terminal: boolean;
}

export interface TaskCreation {
  readonly io: TaskIo;
  readonly rootfs: readonly Mount[];
  /** Options for this task; absent: the container's. */
  readonly options: Any | undefined;
  /** A runtime other than the container's; empty for none. */
  readonly runtimePath: string;
}

/** Names a process: a task's first one if `execId` is empty. */
export interface ProcessName {
  readonly namespace: string;
  readonly id: string;
  readonly execId: string;
}

const cleanupTimeoutMs = 5000;
const stateTimeoutMs = 2000;

export class TaskRuntime {
  readonly #containers: TaskContainers;
  readonly #supervisor: ShimSupervisor;
  readonly #logger: ShimLogger;

  constructor(options: { containers: TaskContainers; supervisor: ShimSupervisor; logger: ShimLogger }) {
    this.#containers = options.containers;
    this.#supervisor = options.supervisor;
    this.#logger = options.logger;
  }

  /** Starts a shim and makes the container in it. Answers the pid of its first process. @throws already_exists; not_found. */
  async create(namespace: string, id: string, creation: TaskCreation): Promise<number> {
    const container = await this.#containers.get(namespace, id);
    if (this.#supervisor.get(namespace, id)) throw alreadyExists(`task ${id}: already exists`);
    const options = creation.options?.value.length ? creation.options : container.runtime.options;
    const shim = await this.#supervisor.start({
      namespace,
      id,
      runtime: creation.runtimePath || container.runtime.name,
      runtimeOptions: options,
      spec: container.spec,
    });
    const request = {
      id,
      bundle: shim.bundle.path,
      rootfs: creation.rootfs.map(toWireMount),
      ...creation.io,
      ...(options && { options }),
    };
    try {
      return (await shim.withStepDown((task) => task.create(request))).pid;
    } catch (error) {
      await this.#discard(shim, error);
      throw wrap(error, 'failed to create shim task');
    }
  }

  /** Starts a process and answers its pid. */
  async start(name: ProcessName): Promise<number> {
    const { id, execId } = name;
    const { task } = await this.#shim(name);
    const { pid } = await task.start({ id, execId });
    return pid !== 0 ? pid : (await task.state({ id, execId })).pid;
  }

  /** Deletes a task that has ended, with its shim and bundle. A shim that is dying under it answers with how it ended. */
  async delete(name: Omit<ProcessName, 'execId'>): Promise<TaskExitRecord> {
    const shim = await this.#shim(name);
    let exit: TaskExitRecord;
    try {
      const { pid, exitStatus, exitedAt } = await shim.task.delete({ id: name.id });
      exit = { pid, exitStatus, exitedAt: exitedAt ?? { seconds: 0n, nanos: 0 } };
    } catch (error) {
      if (await this.#closedUnder(shim, error)) return shim.death.promise;
      if (!isCode(error, 'not_found')) throw wrap(error, 'failed to delete task');
      // the shim has nothing to delete (any more): what is left of it goes
      await this.#supervisor.retire(shim);
      throw wrap(error, 'failed to delete task');
    }
    await this.#supervisor.retire(shim);
    return exit;
  }

  async deleteProcess(name: ProcessName): Promise<TaskExitRecord> {
    const { id, execId } = name;
    const { pid, exitStatus, exitedAt } = await (await this.#shim(name)).task.delete({ id, execId });
    return { pid, exitStatus, exitedAt: exitedAt ?? { seconds: 0n, nanos: 0 } };
  }

  /** @throws not_found also if the shim is gone. */
  async state(name: ProcessName): Promise<StateResponse> {
    return this.#state(await this.#shim(name), name.execId);
  }

  /** The states of all tasks of a namespace; those that vanish meanwhile are left out. */
  async list(namespace: string): Promise<{ id: string; state: StateResponse }[]> {
    const found = await Promise.all(
      this.#supervisor.list(namespace).map(async (shim) => {
        try {
          return [{ id: shim.id, state: await this.#state(shim, '') }];
        } catch (error) {
          if (!isCode(error, 'not_found')) {
            this.#logger.warn(`cannot get the state of task "${shim.id}": ${messageOf(error)}`);
          }
          return [];
        }
      }),
    );
    return found.flat();
  }

  async kill(name: ProcessName, signal: number, all: boolean): Promise<void> {
    const { id, execId } = name;
    await (await this.#shim(name)).task.kill({ id, execId, signal, all });
  }

  /** Registers a process; `start` runs it. @throws already_exists. */
  async exec(name: ProcessName, io: TaskIo, spec: Any | undefined): Promise<void> {
    const { id, execId } = name;
    const { task } = await this.#shim(name);
    checkTaskId(execId, 'exec');
    await task.exec({ id, execId, ...io, ...(spec && { spec }) });
  }

  async resizePty(name: ProcessName, width: number, height: number): Promise<void> {
    const { id, execId } = name;
    await (await this.#shim(name)).task.resizePty({ id, execId, width, height });
  }

  async closeStdin(name: ProcessName): Promise<void> {
    const { id, execId } = name;
    await (await this.#shim(name)).task.closeIO({ id, execId, stdin: true });
  }

  async pause(name: Omit<ProcessName, 'execId'>): Promise<void> {
    await (await this.#shim(name)).task.pause({ id: name.id });
  }

  async resume(name: Omit<ProcessName, 'execId'>): Promise<void> {
    await (await this.#shim(name)).task.resume({ id: name.id });
  }

  async pids(name: Omit<ProcessName, 'execId'>): Promise<{ pid: number; info: Any | undefined }[]> {
    return (await (await this.#shim(name)).task.pids({ id: name.id })).processes;
  }

  async update(
    name: Omit<ProcessName, 'execId'>,
    resources: Any | undefined,
    annotations: Readonly<Record<string, string>>,
  ): Promise<void> {
    const shim = await this.#shim(name);
    await shim.task.update({ id: name.id, ...(resources && { resources }), annotations });
  }

  /** @throws unimplemented: checkpoints are not supported. */
  async checkpoint(name: Omit<ProcessName, 'execId'>): Promise<never> {
    await this.#shim(name);
    throw unimplemented(`cannot checkpoint task "${name.id}": checkpoints are not supported: not implemented`);
  }

  /** The metrics of the tasks that `wanted` picks; those that have none are left out. */
  async metrics(namespace: string, wanted: (id: string) => boolean): Promise<{ id: string; stats: Any }[]> {
    const shims = this.#supervisor.list(namespace).filter(({ id }) => wanted(id));
    const found = await Promise.all(
      shims.map(async ({ id, task }) => {
        try {
          const { stats } = await task.stats({ id });
          return stats ? [{ id, stats }] : [];
        } catch (error) {
          if (!isCode(error, 'not_found')) {
            this.#logger.warn(`cannot collect the metrics of task "${id}": ${messageOf(error)}`);
          }
          return [];
        }
      }),
    );
    return found.flat();
  }

  /** Settles when the process has ended, at once if it has already. Giving up (`signal`) leaves the shim's side waiting. */
  async wait(name: ProcessName, signal: AbortSignal): Promise<Omit<TaskExitRecord, 'pid'>> {
    const { id, execId } = name;
    const shim = await this.#shim(name);
    try {
      const { exitStatus, exitedAt } = await shim.task.wait({ id, execId }, { signal });
      return { exitStatus, exitedAt: exitedAt ?? { seconds: 0n, nanos: 0 } };
    } catch (error) {
      if (await this.#closedUnder(shim, error)) return shim.death.promise;
      throw error;
    }
  }

  async #state(shim: Shim, execId: string): Promise<StateResponse> {
    try {
      return await shim.task.state({ id: shim.id, execId }, { timeoutMs: stateTimeoutMs });
    } catch (error) {
      if (await this.#closedUnder(shim, error)) throw notFound(`task ${shim.id} not found: not found`, error);
      throw error;
    }
  }

  /** True if a call failed because the shim died, and not because the daemon let go of it. */
  async #closedUnder(shim: Shim, error: unknown): Promise<boolean> {
    if (!isCode(error, 'unavailable')) return false;
    // the call fails a moment before the close is told
    return await Promise.race([shim.closed.then(() => !shim.closing), setImmediate(false)]);
  }

  /** Undoes a create that failed. */
  async #discard(shim: Shim, error: unknown): Promise<void> {
    this.#supervisor.forget(shim);
    if (await this.#closedUnder(shim, error)) {
      // it died: its burial takes the half-made container away, and needs the bundle for that
      await shim.death.promise.catch(() => {});
      return;
    }
    await shim.task.delete({ id: shim.id }, { timeoutMs: cleanupTimeoutMs }).catch(() => {
      // there may be nothing to delete: that is what the failure was about
    });
    await this.#supervisor.retire(shim);
  }

  async #shim({ namespace, id }: Omit<ProcessName, 'execId'>): Promise<Shim> {
    await this.#containers.get(namespace, id);
    const shim = this.#supervisor.get(namespace, id);
    if (!shim) throw notFound(`task ${id} not found`);
    return shim;
  }
}
