/**
 * What tests of tasks need around them: a daemon's worth of folders, an event exchange on a ttrpc socket as shims expect it, a root file
 * system with busybox, and container records. Everything goes when it is disposed of; containers left running are killed.
 */
import { copyFileSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { notFound } from '@docker-ts/base/errors';
import { jsonType, packJson } from '@docker-ts/rpc/any';
import { EventsDefinition } from '@docker-ts/rpc/gen/containerd/services/ttrpc/events/v1/events';
import { TtrpcServer } from '@docker-ts/rpc/ttrpc-server';
import { Scratch } from '@docker-ts/testkit/scratch';
import { type EventEnvelope, EventExchange } from '../events/exchange.ts';
import { createShimEventsService } from '../events/service.ts';
import type { Mount } from '../mounts/mount.ts';
import { type OpenSupervisor, openSupervisor } from '../shims/open-supervisor.ts';
import { type TaskContainer, TaskRuntime } from './task-runtime.ts';

export const namespace = 'test';
const applets = ['sh', 'sleep', 'true', 'cat', 'echo', 'kill'];

/** The spec of a container that runs `args` in namespaces of its own, without a terminal. */
export function specOf(id: string, args: readonly string[]): object {
  return {
    ociVersion: '1.0.2',
    process: {
      terminal: false,
      user: { uid: 0, gid: 0 },
      args,
      env: ['PATH=/bin'],
      cwd: '/',
      noNewPrivileges: true,
    },
    root: { path: 'rootfs' },
    mounts: [{ destination: '/proc', type: 'proc', source: 'proc' }],
    linux: {
      cgroupsPath: `/docker-ts-test-${process.pid}-${id}`,
      namespaces: ['pid', 'ipc', 'uts', 'mount', 'network'].map((type) => ({ type })),
    },
  };
}

export class TaskFixture implements AsyncDisposable {
  readonly scratch = new Scratch('tasks');
  readonly exchange = new EventExchange();
  readonly containers = new Map<string, TaskContainer>();
  readonly warnings: string[] = [];
  readonly #server = new TtrpcServer();
  readonly #runtimePath: string;
  #open: OpenSupervisor | undefined;
  #runtime: TaskRuntime | undefined;

  private constructor(runtimePath: string) {
    this.#runtimePath = runtimePath;
  }

  static async open(runtimePath: string): Promise<TaskFixture> {
    const fixture = new TaskFixture(runtimePath);
    const bin = fixture.scratch.join('rootfs', 'bin');
    for (const path of [bin, fixture.scratch.join('rootfs', 'proc')]) mkdirSync(path, { recursive: true });
    copyFileSync('/usr/bin/busybox', join(bin, 'busybox'));
    for (const applet of applets) symlinkSync('busybox', join(bin, applet));
    fixture.#server.register(EventsDefinition, createShimEventsService(fixture.exchange));
    await fixture.#server.listen(`${fixture.#address}.ttrpc`);
    await fixture.restart();
    return fixture;
  }

  get #address(): string {
    return this.scratch.join('c.sock');
  }

  get rootfs(): readonly Mount[] {
    return [{ type: 'bind', source: this.scratch.join('rootfs'), target: '', options: ['rbind', 'rw'] }];
  }

  get supervisor(): OpenSupervisor['supervisor'] {
    if (!this.#open) throw new Error('the fixture is not open');
    return this.#open.supervisor;
  }

  get tasks(): TaskRuntime {
    if (!this.#runtime) throw new Error('the fixture is not open');
    return this.#runtime;
  }

  /** Lets all shims go and finds them again, as a restart of the daemon does. */
  async restart(): Promise<void> {
    this.#open?.[Symbol.dispose]();
    const logger = { info: () => {}, warn: (message: string) => void this.warnings.push(message) };
    this.#open = openSupervisor({
      root: this.scratch.join('root'),
      state: this.scratch.join('state'),
      locator: {},
      environment: { grpcAddress: this.#address, debug: false },
      publisher: this.exchange,
      logger,
      writeLog: () => {},
    });
    const runtimeOf = async (_namespace: string, id: string): Promise<string | undefined> =>
      this.containers.get(id)?.runtime.name;
    await this.#open.recover(runtimeOf, this.exchange.publisherForLatecomers(10_000));
    const containers = {
      get: async (_namespace: string, id: string): Promise<TaskContainer> => {
        const container = this.containers.get(id);
        if (!container) throw notFound(`container "${id}": not found`);
        return container;
      },
    };
    this.#runtime = new TaskRuntime({ containers, supervisor: this.#open.supervisor, logger });
  }

  /** A container record and its task, created but not started. */
  async create(id: string, args: readonly string[]): Promise<number> {
    const spec = packJson(jsonType.spec, specOf(id, args));
    this.containers.set(id, { id, runtime: { name: this.#runtimePath, options: undefined }, spec });
    return await this.tasks.create(namespace, id, {
      io: { stdin: '', stdout: '', stderr: '', terminal: false },
      rootfs: this.rootfs,
      options: undefined,
      runtimePath: '',
    });
  }

  /** The first event of `topic` that comes from now on, for at most some seconds. */
  async nextEvent(topic: string): Promise<EventEnvelope> {
    using subscription = this.exchange.subscribe((envelope) => envelope.topic === topic);
    const limit = setTimeout(() => subscription.close(), 10_000);
    try {
      const { value } = await subscription.next();
      if (value === undefined) throw new Error(`no event ${topic} came`);
      return value as EventEnvelope;
    } finally {
      clearTimeout(limit);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { id } of this.#open?.supervisor.list() ?? []) {
      const name = { namespace, id, execId: '' };
      const wait = this.tasks.wait(name, AbortSignal.timeout(5000));
      await this.tasks.kill(name, 9, true).catch(() => {});
      await wait.catch(() => {});
      await this.tasks.delete(name).catch(() => {});
    }
    // they still have events to send
    await this.#open?.supervisor.settled();
    this.#open?.[Symbol.dispose]();
    await this.#server[Symbol.asyncDispose]();
    this.scratch[Symbol.dispose]();
  }
}
