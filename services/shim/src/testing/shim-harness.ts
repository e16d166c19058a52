/**
 * The compiled shim, driven as a daemon drives it: bundles, the `start` and `delete` verbs, ttrpc calls, events. The shim is found in
 * DOCKER_TS_DIST or `dist/`; the runtime is the real runc unless DOCKER_TS_TEST_RUNTIME names another.
 */
import { copyFileSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { notFound } from '@docker-ts/base/errors';
import { packAny } from '@docker-ts/rpc/any';
import { type CreateTaskRequest, TaskDefinition } from '@docker-ts/rpc/gen/containerd/runtime/task/v3/shim';
import { Options } from '@docker-ts/rpc/gen/containerd/types/runc/options/oci';
import type { ClientOf } from '@docker-ts/rpc/service';
import { TtrpcClient } from '@docker-ts/rpc/ttrpc-client';
import { type CommandResult, runCommand, waitFor } from '@docker-ts/testkit/command';
import { Scratch } from '@docker-ts/testkit/scratch';
import { EventRecorder } from './event-recorder.ts';
import { specOf, type SpecOptions } from './spec.ts';

export const namespace = 'shim-test';
const applets = ['sh', 'sleep', 'true', 'cat', 'echo', 'stty', 'head', 'yes', 'seq', 'dd', 'exit'];

export function shimPath(): string {
  const dist = process.env['DOCKER_TS_DIST'] ?? resolve(import.meta.dir, '../../../../dist');
  const path = join(dist, 'containerd-shim-runc-ts-v2');
  if (!existsSync(path)) throw notFound(`cannot find program "${path}": build first (pnpm build)`);
  return path;
}

/** A connection to a background shim. */
export class ShimClient implements Disposable {
  readonly task: ClientOf<typeof TaskDefinition>;
  readonly pid: number;
  readonly socket: string;
  readonly #connection: TtrpcClient;

  private constructor(connection: TtrpcClient, socket: string, task: ClientOf<typeof TaskDefinition>, pid: number) {
    this.#connection = connection;
    this.socket = socket;
    this.task = task;
    this.pid = pid;
  }

  static async connect(socket: string): Promise<ShimClient> {
    const connection = await TtrpcClient.connect(socket);
    const task = connection.client(TaskDefinition);
    const { shimPid } = await task.connect({ id: '' });
    return new ShimClient(connection, socket, task, shimPid);
  }

  [Symbol.dispose](): void {
    this.#connection.close();
  }
}

export class ShimHarness implements AsyncDisposable {
  readonly scratch = new Scratch('shim');
  readonly events: EventRecorder;
  readonly #clients = new Map<string, ShimClient>();
  readonly #shims = new Set<number>();

  private constructor(events: EventRecorder) {
    this.events = events;
  }

  static async open(): Promise<ShimHarness> {
    const folder = new Scratch('shim-events');
    const events = await EventRecorder.open(folder.join('ttrpc'));
    const harness = new ShimHarness(events);
    harness.#eventsFolder = folder;
    const bin = join(harness.rootfs, 'bin');
    for (const path of ['bin', 'proc', 'dev']) mkdirSync(join(harness.rootfs, path), { recursive: true });
    copyFileSync('/usr/bin/busybox', join(bin, 'busybox'));
    for (const applet of applets) symlinkSync('busybox', join(bin, applet));
    return harness;
  }

  #eventsFolder: Scratch | undefined;

  get rootfs(): string {
    return this.scratch.join('rootfs');
  }

  bundle(id: string): string {
    return this.scratch.join('bundles', id);
  }

  /** The bundle as a daemon prepares it, with its `log` left out: stderr stays where it is. */
  writeBundle(id: string, args: readonly string[], options?: SpecOptions): string {
    const bundle = this.bundle(id);
    mkdirSync(join(bundle, 'rootfs'), { recursive: true });
    writeFileSync(join(bundle, 'config.json'), JSON.stringify(specOf(id, args, options)));
    return bundle;
  }

  /** Runs one verb to its end. */
  async verb(verb: 'start' | 'delete', id: string, flags: readonly string[] = []): Promise<CommandResult> {
    const address = this.scratch.join('c.sock');
    const command = [shimPath(), '-namespace', namespace, '-address', address, '-publish-binary', '/bin/false'];
    return runCommand([...command, '-id', id, ...flags, verb], {
      cwd: this.bundle(id),
      env: { TTRPC_ADDRESS: this.#eventsFolder?.join('ttrpc'), MAX_SHIM_VERSION: '2' },
    });
  }

  /** `start`, and a connection to the shim that serves the bundle. */
  async startShim(id: string, flags: readonly string[] = []): Promise<ShimClient> {
    const { code, stdout, stderr } = await this.verb('start', id, flags);
    if (code !== 0) throw notFound(`start failed: ${stderr}${stdout}`);
    const { address } = JSON.parse(stdout) as { address: string };
    const client = await ShimClient.connect(address.replace(/^unix:\/\//, ''));
    this.#clients.set(id, client);
    this.#shims.add(client.pid);
    return client;
  }

  /** Create's request for a bundle; stdio as given. */
  createRequest(id: string, stdio: Partial<CreateTaskRequest> = {}): Partial<CreateTaskRequest> {
    const binaryName = process.env['DOCKER_TS_TEST_RUNTIME'] ?? 'runc';
    const options = packAny(Options, { binaryName, root: this.scratch.join('runtime') });
    const rootfs = [{ type: 'bind', source: this.rootfs, target: '', options: ['rbind', 'rw'] }];
    return { id, bundle: this.bundle(id), rootfs, options, ...stdio };
  }

  /** Bundle, shim and Create in one. */
  async create(id: string, args: readonly string[], stdio: Partial<CreateTaskRequest> = {}): Promise<ShimClient> {
    this.writeBundle(id, args, { terminal: stdio.terminal ?? false });
    const client = await this.startShim(id);
    await client.task.create(this.createRequest(id, stdio));
    return client;
  }

  /** Create and Start. */
  async run(id: string, args: readonly string[], stdio: Partial<CreateTaskRequest> = {}): Promise<ShimClient> {
    const client = await this.create(id, args, stdio);
    await client.task.start({ id });
    return client;
  }

  /** Waits for the exit, deletes the task and lets the shim go; answers the exit status. */
  async finish(id: string): Promise<number> {
    const client = this.#clients.get(id);
    if (!client) throw notFound(`no shim of ${id}`);
    const { exitStatus } = await client.task.wait({ id }, { timeoutMs: 20_000 });
    await client.task.delete({ id });
    await this.#dismiss(id, client);
    return exitStatus;
  }

  /** Forgets the shim: the test has ended it. */
  forget(id: string): void {
    this.#clients.get(id)?.[Symbol.dispose]();
    this.#clients.delete(id);
  }

  async #dismiss(id: string, client: ShimClient): Promise<void> {
    await client.task.shutdown({ id }).catch(() => {});
    await waitFor(`shim ${client.pid} to end`, () => !isShim(client.pid) || [...this.#others(id)].includes(client.pid));
    this.forget(id);
  }

  /** Pids of shims that still serve another bundle. */
  *#others(id: string): Iterable<number> {
    for (const [other, { pid }] of this.#clients) if (other !== id) yield pid;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const [id, client] of this.#clients) {
      const wait = client.task.wait({ id }, { timeoutMs: 5000 });
      await client.task.kill({ id, signal: 9, all: true }).catch(() => {});
      await wait.catch(() => {});
      await client.task.delete({ id }).catch(() => {});
      await this.#dismiss(id, client);
    }
    await this.events[Symbol.asyncDispose]();
    this.#eventsFolder?.[Symbol.dispose]();
    this.scratch[Symbol.dispose]();
  }
}

/** True while `pid` is a shim, and not a zombie or another program that got its number. */
export function isShim(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('containerd-shim-runc-ts-v2');
  } catch {
    return false;
  }
}
