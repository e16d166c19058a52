/** The parts of the background shim, put together. */
import { becomeSubreaper } from '@docker-ts/linux/subreaper';
import { TaskDefinition } from '@docker-ts/rpc/gen/containerd/runtime/task/v3/shim';
import type { TtrpcServer } from '@docker-ts/rpc/ttrpc-server';
import { TaskService } from './api/task-service.ts';
import type { CommandLine } from './command-line.ts';
import { EventPublisher } from './events/publisher.ts';
import type { Log } from './log.ts';
import { IdleTrim } from './memory.ts';
import { Reaper } from './process/reaper.ts';
import { Readiness } from './stdio/readiness.ts';
import { ContainerFactory } from './task/container-factory.ts';
import { TaskManager } from './task/task-manager.ts';

export interface ShimParts {
  readonly flags: CommandLine;
  readonly server: TtrpcServer;
  readonly log: Log;
}

export interface ComposedShim {
  /** Settles with Shutdown, SIGTERM or SIGINT. */
  readonly stopped: Promise<void>;
  /** Flushes events; containers are left alone. */
  readonly dispose: (flushTimeoutMs: number) => Promise<void>;
}

export function composeShim({ flags, server, log }: ShimParts): ComposedShim {
  const { promise: stopped, resolve: stop } = Promise.withResolvers<void>();
  becomeSubreaper();
  const reaper = new Reaper().listen();
  const readiness = new Readiness().listen();
  // Bun queues signals, and a flood of SIGIO could crowd a SIGCHLD out.
  process.on('SIGIO', () => reaper.reap());
  // Whatever a daemon asks for starts the runtime, and ends with a child's end.
  const trim = new IdleTrim();
  process.on('SIGCHLD', () => trim.touch());
  trim.touch();
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  // The signal that makes Go's shim dump its stacks; by default it would end us, containers' parent.
  process.on('SIGUSR1', () => log.info(`${process.getActiveResourcesInfo().length} active resources`));
  const { namespace } = flags;
  const events = new EventPublisher({ address: process.env['TTRPC_ADDRESS'] ?? '', namespace, log });
  const factory = new ContainerFactory({ namespace, reaper, readiness, log });
  const tasks = new TaskManager({ factory, reaper, events, log });
  const service = new TaskService({ tasks, events, shutdown: stop });
  server.register(TaskDefinition, service);
  // v2 has the same methods and messages.
  server.register({ ...TaskDefinition, fullName: 'containerd.task.v2.Task' }, service);
  return {
    stopped,
    async dispose(flushTimeoutMs) {
      await events.close(flushTimeoutMs);
      readiness[Symbol.dispose]();
      reaper[Symbol.dispose]();
    },
  };
}
