/**
 * A compiled shim under test, driven over its socket as a daemon would: a bundle with a busybox root file system, a real runtime (runc,
 * or $DOCKER_TS_TEST_RUNTIME), and a daemon's event service that keeps what it is told.
 */
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { FifoHolder, makeFifo } from '@docker-ts/linux/fifo';
import { packAny } from '@docker-ts/rpc/any';
import { TaskDefinition } from '@docker-ts/rpc/gen/containerd/runtime/task/v3/shim';
import { EventsDefinition } from '@docker-ts/rpc/gen/containerd/services/ttrpc/events/v1/events';
import { Options } from '@docker-ts/rpc/gen/containerd/types/runc/options/oci';
import type { Envelope } from '@docker-ts/rpc/gen/containerd/types/event';
import type { ClientOf } from '@docker-ts/rpc/service';
import { TtrpcClient } from '@docker-ts/rpc/ttrpc-client';
import { TtrpcServer } from '@docker-ts/rpc/ttrpc-server';
import { Scratch } from '@docker-ts/testkit/scratch';

const runtimeBinary = process.env['DOCKER_TS_TEST_RUNTIME'] ?? 'runc';
const busybox = '/usr/bin/busybox';

let compiled: { scratch: Scratch; path: string } | undefined;

/** The executable, compiled from this source tree, once for all tests; or $DOCKER_TS_TEST_SHIM, Go's for one. */
export function compiledShim(): string {
  const given = process.env['DOCKER_TS_TEST_SHIM'];
  if (given !== undefined) return given;
  if (!compiled) {
    const scratch = new Scratch('shim-bin');
    const path = scratch.join('containerd-shim-runc-ts-v2');
    const build = Bun.spawnSync([
      process.execPath,
      'build',
      '--compile',
      '--minify',
      '--bytecode',
      '--format=cjs',
      `${import.meta.dir}/main.ts`,
      '--outfile',
      path,
    ]);
    if (build.exitCode !== 0) throw new Error(build.stderr.toString());
    compiled = { scratch, path };
  }
  return compiled.path;
}

/** For the end of a test file: `bun test` tells no module that the process ends, and the executable has a hundred megabytes. */
export function removeCompiledShim(): void {
  compiled?.scratch[Symbol.dispose]();
  compiled = undefined;
}

export interface FixtureOptions {
  readonly args: readonly string[];
  readonly terminal?: boolean;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface CreateOptions {
  readonly stdin?: string;
  readonly stdout?: string;
  readonly stderr?: string;
}

export class ShimFixture implements AsyncDisposable {
  readonly id: string;
  readonly bundle: string;
  readonly scratch = new Scratch('shim');
  readonly events: { topic: string; event: Envelope['event'] }[] = [];
  readonly terminal: boolean;
  socket = '';
  shimPid = 0;
  #client: TtrpcClient | undefined;
  readonly #daemon = new TtrpcServer();
  /** The daemon has the shim's log open before the shim starts. */
  readonly #log: FifoHolder;

  private constructor(options: FixtureOptions) {
    this.id = `shimtest-${process.pid}-${Math.random().toString(36).slice(2, 8)}`;
    this.bundle = this.scratch.join('ns', this.id);
    this.terminal = options.terminal ?? false;
    mkdirSync(this.bundle, { recursive: true });
    makeRootfs(`${this.bundle}/rootfs`);
    this.#writeConfig(options);
    makeFifo(`${this.bundle}/log`);
    this.#log = new FifoHolder(`${this.bundle}/log`);
  }

  /** Bundle, event service and a started shim; no task yet. */
  static async open(options: FixtureOptions): Promise<ShimFixture> {
    const fixture = new ShimFixture(options);
    fixture.#daemon.register(EventsDefinition, {
      forward: async ({ envelope }) => {
        if (envelope) fixture.events.push({ topic: envelope.topic, event: envelope.event });
        return {};
      },
    });
    await fixture.#daemon.listen(fixture.scratch.join('d.ttrpc'));
    // text, JSON or protobuf: the address is in it
    fixture.socket = /\/run[^"]*\/[0-9a-f]{64}/.exec(fixture.startVerb())?.[0] ?? '';
    fixture.#client = await TtrpcClient.connect(fixture.socket);
    fixture.shimPid = (await fixture.task.connect({ id: fixture.id })).shimPid;
    return fixture;
  }

  get task(): ClientOf<typeof TaskDefinition> {
    return this.#client!.client(TaskDefinition);
  }

  get topics(): string[] {
    return this.events.map(({ topic }) => topic.replace('/tasks/', ''));
  }

  /** Runs `start` and answers what it printed. */
  startVerb(env: Readonly<Record<string, string>> = {}, stdin: Uint8Array = new Uint8Array()): string {
    return this.#verb('start', env, stdin).toString();
  }

  /** `start` beside others. */
  async startVerbAsync(): Promise<string> {
    const { command, ...options } = this.#call('start');
    return new Response(Bun.spawn(command, { ...options, stdin: 'ignore', stdout: 'pipe' }).stdout).text();
  }

  /** Runs `delete` and answers what it printed. */
  deleteVerb(): Buffer {
    return this.#verb('delete', {}, new Uint8Array());
  }

  /** Creates the task; stdio is nothing unless given. */
  async create(options: CreateOptions = {}): Promise<number> {
    const { stdin = '', stdout = '', stderr = '' } = options;
    const { pid } = await this.task.create({
      id: this.id,
      bundle: this.bundle,
      terminal: this.terminal,
      stdin,
      stdout,
      stderr,
      options: packAny(Options, { binaryName: runtimeBinary, root: this.scratch.join('runtime') }),
    });
    return pid;
  }

  fifo(name: string): string {
    const path = this.scratch.join(name);
    makeFifo(path);
    return path;
  }

  /** Waits until the event has come; the events before it have come as well. */
  async event(topic: string): Promise<void> {
    for (let tries = 0; tries < 500 && !this.topics.includes(topic); tries += 1) await delay(10);
    if (!this.topics.includes(topic)) throw new Error(`no event ${topic} among ${this.topics.join(' ')}`);
  }

  /** Closes the connection, as a daemon that dies does. */
  disconnect(): void {
    this.#client?.close();
  }

  async reconnect(): Promise<void> {
    this.#client = await TtrpcClient.connect(this.socket);
  }

  /** Ends the task and the shim, whatever state they are in. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#client?.close();
    if (existsSync(`/proc/${this.shimPid}`)) process.kill(this.shimPid, 'SIGKILL');
    this.deleteVerb();
    await this.#daemon.close(0);
    this.#log[Symbol.dispose]();
    Bun.spawnSync(['rm', '-f', this.socket]);
    this.scratch[Symbol.dispose]();
  }

  #verb(verb: string, env: Readonly<Record<string, string>>, stdin: Uint8Array): Buffer {
    const { command, ...options } = this.#call(verb, env);
    const child = Bun.spawnSync(command, { ...options, stdin });
    if (child.exitCode !== 0) throw new Error(`${verb}: ${child.stdout.toString()}${child.stderr.toString()}`);
    return child.stdout;
  }

  #call(verb: string, env: Readonly<Record<string, string>> = {}) {
    const daemon = this.scratch.join('d');
    const flags = ['-namespace', 'shimtest', '-id', this.id, '-address', daemon, '-publish-binary', '/bin/false'];
    return {
      command: [compiledShim(), ...flags, verb],
      cwd: this.bundle,
      env: { ...process.env, TTRPC_ADDRESS: `${daemon}.ttrpc`, ...env },
    };
  }

  #writeConfig({ args, annotations }: FixtureOptions): void {
    const made = Bun.spawnSync([runtimeBinary, 'spec'], { cwd: this.bundle });
    if (made.exitCode !== 0) throw new Error(made.stderr.toString());
    const spec = JSON.parse(readFileSync(`${this.bundle}/config.json`, 'utf8')) as Record<string, unknown> & {
      process: Record<string, unknown>;
      linux: Record<string, unknown>;
    };
    spec.process = { ...spec.process, terminal: this.terminal, args, env: ['PATH=/bin', 'TERM=xterm'] };
    spec.linux['cgroupsPath'] = `/docker-ts-${this.id}`;
    if (annotations) spec['annotations'] = annotations;
    writeFileSync(`${this.bundle}/config.json`, JSON.stringify(spec));
  }
}

function makeRootfs(rootfs: string): void {
  for (const folder of ['bin', 'dev', 'proc', 'sys', 'tmp']) mkdirSync(`${rootfs}/${folder}`, { recursive: true });
  copyFileSync(busybox, `${rootfs}/bin/busybox`);
  chmodSync(`${rootfs}/bin/busybox`, 0o755);
  for (const name of [
    'sh',
    'cat',
    'echo',
    'sleep',
    'true',
    'false',
    'dd',
    'stty',
    'tty',
    'md5sum',
    'seq',
    'head',
    'kill',
    'yes',
  ])
    symlinkSync('busybox', `${rootfs}/bin/${name}`);
}

/** The OCI process document of an exec. */
export function execSpec(...args: string[]): { typeUrl: string; value: Uint8Array } {
  const document = { args, cwd: '/', env: ['PATH=/bin'], user: { uid: 0, gid: 0 } };
  return {
    typeUrl: 'types.containerd.io/opencontainers/runtime-spec/1/Process',
    value: Buffer.from(JSON.stringify(document)),
  };
}
