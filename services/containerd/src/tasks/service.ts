/** containerd.services.tasks.v1.Tasks: the gRPC edge of the tasks. */
import { invalidArgument, unimplemented } from '@docker-ts/base/errors';
import type { StateResponse } from '@docker-ts/rpc/gen/containerd/runtime/task/v3/shim';
import type { TasksDefinition } from '@docker-ts/rpc/gen/containerd/services/tasks/v1/tasks';
import type { Process } from '@docker-ts/rpc/gen/containerd/types/task/task';
import type { CallContext, ServiceImplementation } from '@docker-ts/rpc/service';
import { timestampNow, zeroTime } from '@docker-ts/rpc/timestamp';
import { fromWireMount } from '../mounts/wire-mount.ts';
import type { ProcessName, TaskRuntime } from './task-runtime.ts';

export interface TasksServiceOptions {
  readonly runtime: TaskRuntime;
  /** The namespace of a call. @throws failed_precondition or invalid_argument for a missing or bad one. */
  readonly namespaceOf: (context: CallContext) => string;
  /** containerd's filter language: a task passes if any of the expressions does. @throws invalid_argument. */
  readonly compileFilters: (
    expressions: readonly string[],
  ) => (field: (path: readonly string[]) => string | undefined) => boolean;
}

const toWireProcess = (id: string, state: StateResponse): Process => ({
  // containerd leaves container_id empty and puts the process's own id here
  containerId: '',
  id,
  pid: state.pid,
  status: state.status,
  stdin: state.stdin,
  stdout: state.stdout,
  stderr: state.stderr,
  terminal: state.terminal,
  exitStatus: state.exitStatus,
  exitedAt: state.exitedAt ?? zeroTime,
});

/** The service over the daemon's tasks. */
export function createTasksService(options: TasksServiceOptions): ServiceImplementation<typeof TasksDefinition> {
  const { runtime, namespaceOf, compileFilters } = options;
  const nameOf = (request: { containerId: string; execId?: string }, context: CallContext): ProcessName => ({
    namespace: namespaceOf(context),
    id: request.containerId,
    execId: request.execId ?? '',
  });
  return {
    async create(request, context) {
      if (request.checkpoint) {
        throw unimplemented(
          `cannot create task "${request.containerId}" from a checkpoint: not supported: not implemented`,
        );
      }
      const { containerId, stdin, stdout, stderr, terminal, runtimePath } = request;
      const pid = await runtime.create(namespaceOf(context), containerId, {
        io: { stdin, stdout, stderr, terminal },
        rootfs: request.rootfs.map(fromWireMount),
        options: request.options,
        runtimePath,
      });
      return { containerId, pid };
    },
    async start(request, context) {
      return { pid: await runtime.start(nameOf(request, context)) };
    },
    async delete(request, context) {
      return await runtime.delete(nameOf(request, context));
    },
    async deleteProcess(request, context) {
      return { id: request.execId, ...(await runtime.deleteProcess(nameOf(request, context))) };
    },
    async get(request, context) {
      const name = nameOf(request, context);
      return { process: toWireProcess(name.execId || name.id, await runtime.state(name)) };
    },
    async list(_request, context) {
      const tasks = await runtime.list(namespaceOf(context));
      return { tasks: tasks.map(({ id, state }) => toWireProcess(id, state)) };
    },
    async kill(request, context) {
      await runtime.kill(nameOf(request, context), request.signal, request.all);
      return {};
    },
    async exec(request, context) {
      if (request.execId === '') throw invalidArgument('exec id cannot be empty');
      const { stdin, stdout, stderr, terminal, spec } = request;
      await runtime.exec(nameOf(request, context), { stdin, stdout, stderr, terminal }, spec);
      return {};
    },
    async resizePty(request, context) {
      await runtime.resizePty(nameOf(request, context), request.width, request.height);
      return {};
    },
    async closeIO(request, context) {
      if (request.stdin) await runtime.closeStdin(nameOf(request, context));
      return {};
    },
    async pause(request, context) {
      await runtime.pause(nameOf(request, context));
      return {};
    },
    async resume(request, context) {
      await runtime.resume(nameOf(request, context));
      return {};
    },
    async listPids(request, context) {
      const processes = await runtime.pids(nameOf(request, context));
      return { processes: processes.map(({ pid, info }) => ({ pid, ...(info && { info }) })) };
    },
    async checkpoint(request, context) {
      return await runtime.checkpoint(nameOf(request, context));
    },
    async update(request, context) {
      await runtime.update(nameOf(request, context), request.resources, request.annotations);
      return {};
    },
    async metrics({ filters }, context) {
      const namespace = namespaceOf(context);
      const matches = filters.length === 0 ? () => true : compileFilters(filters);
      const wanted = (id: string): boolean =>
        matches(([field]) => (field === 'id' ? id : field === 'namespace' ? namespace : undefined));
      const metrics = await runtime.metrics(namespace, wanted);
      return { metrics: metrics.map(({ id, stats }) => ({ timestamp: timestampNow(), id, data: stats })) };
    },
    async wait(request, context) {
      return await runtime.wait(nameOf(request, context), context.signal);
    },
  };
}
