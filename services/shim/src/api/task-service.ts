/**
 * The task service as the wire has it: `containerd.task.v3.Task`, and v2, whose methods and messages are the same. Nothing is
 * decided here; requests become calls of the domain, and what comes back becomes messages.
 */
import { invalidArgument, notFound } from '@docker-ts/base/errors';
import { version } from '@docker-ts/base/version';
import { packAny, unpackAny } from '@docker-ts/rpc/any';
import { TaskPaused, TaskResumed } from '@docker-ts/rpc/gen/containerd/events/task';
import type * as wire from '@docker-ts/rpc/gen/containerd/runtime/task/v3/shim';
import { CheckpointOptions, ProcessDetails } from '@docker-ts/rpc/gen/containerd/types/runc/options/oci';
import { Status } from '@docker-ts/rpc/gen/containerd/types/task/task';
import type { CallContext, ServiceImplementation } from '@docker-ts/rpc/service';
import { zeroTime } from '@docker-ts/rpc/timestamp';
import type { EventPublisher } from '../events/publisher.ts';
import type { Container } from '../task/container.ts';
import type { ProcessState } from '../task/process-state.ts';
import type { TaskManager } from '../task/task-manager.ts';

export interface TaskServiceOptions {
  readonly tasks: TaskManager;
  readonly events: EventPublisher;
  /** Called by Shutdown when no container is left. */
  readonly shutdown: () => void;
}

const statusByState: Readonly<Record<ProcessState, Status>> = {
  created: Status.CREATED,
  running: Status.RUNNING,
  paused: Status.PAUSED,
  stopped: Status.STOPPED,
  deleted: Status.UNKNOWN,
};

export class TaskService implements ServiceImplementation<typeof wire.TaskDefinition> {
  readonly #tasks: TaskManager;
  readonly #events: EventPublisher;
  readonly #shutdown: () => void;

  constructor({ tasks, events, shutdown }: TaskServiceOptions) {
    this.#tasks = tasks;
    this.#events = events;
    this.#shutdown = shutdown;
  }

  async state({ id, execId }: wire.StateRequest) {
    const container = this.#tasks.container(id);
    const process = container.process(execId);
    return {
      id: process.id,
      bundle: container.bundle,
      pid: process.pid,
      status: statusOf(container, process.life.state),
      ...process.stdio,
      exitStatus: process.exit?.status ?? 0,
      exitedAt: process.exit?.at ?? zeroTime,
      execId,
    };
  }

  async create(request: wire.CreateTaskRequest) {
    const { init } = await this.#tasks.create(request);
    return { pid: init.pid };
  }

  async start({ id, execId }: wire.StartRequest) {
    return { pid: await this.#tasks.start(id, execId) };
  }

  async delete({ id, execId }: wire.DeleteRequest) {
    const { pid, exit } = await this.#tasks.delete(id, execId);
    return { pid, exitStatus: exit?.status ?? 0, exitedAt: exit?.at ?? zeroTime };
  }

  async pids({ id }: wire.PidsRequest) {
    const { init, execs } = this.#tasks.container(id);
    const details = new Map([...execs].map(({ pid, execId }) => [pid, packAny(ProcessDetails, { execId })]));
    const pids = await init.runtime.processes(id);
    return { processes: pids.map((pid) => ({ pid, info: details.get(pid) })) };
  }

  async pause({ id }: wire.PauseRequest) {
    await this.#tasks.container(id).init.pause();
    this.#events.publish('/tasks/paused', TaskPaused, { containerId: id });
    return {};
  }

  async resume({ id }: wire.ResumeRequest) {
    await this.#tasks.container(id).init.resume();
    this.#events.publish('/tasks/resumed', TaskResumed, { containerId: id });
    return {};
  }

  async checkpoint({ id, path, options }: wire.CheckpointTaskRequest) {
    const settings = options ? unpackAny(options, CheckpointOptions) : CheckpointOptions.fromPartial({});
    await this.#tasks.container(id).init.checkpoint(path, settings);
    return {};
  }

  async kill({ id, execId, signal, all }: wire.KillRequest) {
    await this.#tasks.container(id).process(execId).kill(signal, all);
    return {};
  }

  async exec(request: wire.ExecProcessRequest) {
    this.#tasks.exec(request);
    return {};
  }

  async resizePty({ id, execId, width, height }: wire.ResizePtyRequest) {
    this.#tasks.container(id).process(execId).resize(width, height);
    return {};
  }

  async closeIO({ id, execId, stdin }: wire.CloseIORequest) {
    const process = this.#tasks.container(id).process(execId);
    if (stdin) process.closeStdin();
    return {};
  }

  async update({ id, resources }: wire.UpdateTaskRequest) {
    if (!resources) throw invalidArgument('cannot update a task without resources');
    await this.#tasks.container(id).init.update(resources.value);
    return {};
  }

  async wait({ id, execId }: wire.WaitRequest, { signal }: CallContext) {
    const { status, at } = await this.#tasks.container(id).process(execId).wait(signal);
    return { exitStatus: status, exitedAt: at ?? zeroTime };
  }

  async stats({ id }: wire.StatsRequest) {
    const { cgroup } = this.#tasks.container(id);
    if (!cgroup) throw notFound('cgroup does not exist');
    return { stats: cgroup.stats() };
  }

  async connect({ id }: wire.ConnectRequest) {
    return { shimPid: process.pid, taskPid: this.#tasks.find(id)?.init.pid ?? 0, version };
  }

  async shutdown() {
    if (this.#tasks.isEmpty) this.#shutdown();
    return {};
  }
}

function statusOf({ init }: Container, own: ProcessState): Status {
  // A frozen container freezes all its processes.
  if (init.pausing) return Status.PAUSING;
  return own !== 'stopped' && init.life.state === 'paused' ? Status.PAUSED : statusByState[own];
}
