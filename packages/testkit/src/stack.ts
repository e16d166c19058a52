/**
 * The whole stack in a scratch folder on private sockets: containerd below, dockerd above, of either flavour. `pnpm dev`, the
 * demo, the end-to-end tests and the benchmark all use this one module.
 *
 *     SCRATCH/containerd.sock  c/ cs/        containerd: address, root, state
 *     SCRATCH/docker.sock      d/ de/        dockerd: host, data root, exec root
 *     SCRATCH/containerd.log  dockerd.log
 */
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { failedPrecondition } from '@docker-ts/base/errors';
import { unmount, MNT_DETACH } from '@docker-ts/linux/mount';
import { type CommandOptions, type CommandResult, mustRun, runCommand } from './command.ts';
import { removeEmptyCgroupParents } from './cgroup-parents.ts';
import { Daemon } from './daemon.ts';
import { type Programs, programsUnderTest } from './programs.ts';
import { Scratch } from './scratch.ts';

export interface StackOptions {
  readonly programs?: Programs;
  /** Sees every line that the daemons print. */
  readonly onLine?: (daemon: string, line: string) => void;
  readonly dockerdFlags?: readonly string[];
  readonly logLevel?: string;
}

let count = 0;

function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    socket.once('connect', () => resolve(socket.end() !== undefined));
    socket.once('error', () => resolve(false));
  });
}

async function pings(socketPath: string): Promise<boolean> {
  try {
    const response = await fetch('http://docker/_ping', { unix: socketPath, signal: AbortSignal.timeout(2000) });
    return response.ok;
  } catch {
    return false;
  }
}

export class Stack implements AsyncDisposable {
  readonly scratch = new Scratch('stack');
  readonly programs: Programs;
  readonly containerd: Daemon;
  readonly dockerd: Daemon;
  readonly bridge: string;
  readonly dockerSocket = this.scratch.join('docker.sock');
  readonly containerdSocket = this.scratch.join('containerd.sock');

  private constructor(options: StackOptions) {
    this.programs = options.programs ?? programsUnderTest();
    count += 1;
    // interface names end at 15 characters (IFNAMSIZ)
    this.bridge = `dts${process.pid % 100_000}x${count}`;
    const tell = options.onLine === undefined ? {} : { onLine: options.onLine };
    this.containerd = new Daemon({
      name: 'containerd',
      command: this.#containerdCommand(options.logLevel ?? 'info'),
      env: this.#daemonEnv,
      logFile: this.scratch.join('containerd.log'),
      ready: () => answers(this.containerdSocket),
      ...tell,
    });
    this.dockerd = new Daemon({
      name: 'dockerd',
      command: this.#dockerdCommand(options),
      env: this.#daemonEnv,
      logFile: this.scratch.join('dockerd.log'),
      ready: () => pings(this.dockerSocket),
      ...tell,
    });
  }

  /** Both daemons up and serving. */
  static async open(options: StackOptions = {}): Promise<Stack> {
    const stack = new Stack(options);
    try {
      await stack.containerd.start();
      await stack.dockerd.start();
      return stack;
    } catch (error) {
      await stack[Symbol.asyncDispose]().catch(() => {});
      throw error;
    }
  }

  /** Every program finds the next one down in its own folder or, the originals, in PATH. */
  get #daemonEnv(): Record<string, string> {
    const folders = [this.programs.runc, this.programs.containerd, this.programs.dockerd].map((path) => dirname(path));
    return { PATH: [...new Set(folders), process.env['PATH']].join(':') };
  }

  #containerdCommand(logLevel: string): string[] {
    const { scratch } = this;
    if (this.programs.flavour === 'ours') {
      const flags = ['--address', this.containerdSocket, '--root', scratch.join('c'), '--state', scratch.join('cs')];
      return [this.programs.containerd, ...flags, '--log-level', logLevel];
    }
    const config = [
      'version = 2',
      `root = "${scratch.join('c')}"`,
      `state = "${scratch.join('cs')}"`,
      'disabled_plugins = ["io.containerd.grpc.v1.cri"]',
      `[grpc]\naddress = "${this.containerdSocket}"`,
      `[ttrpc]\naddress = "${this.containerdSocket}.ttrpc"`,
    ];
    writeFileSync(scratch.join('containerd.toml'), `${config.join('\n')}\n`);
    return [this.programs.containerd, '-c', scratch.join('containerd.toml')];
  }

  #dockerdCommand(options: StackOptions): string[] {
    const { scratch } = this;
    const flags = ['--containerd', this.containerdSocket, '-H', `unix://${this.dockerSocket}`];
    flags.push(
      '--data-root',
      scratch.join('d'),
      '--exec-root',
      scratch.join('de'),
      '--pidfile',
      scratch.join('docker.pid'),
    );
    if (this.programs.flavour === 'ours')
      flags.push('--bridge', this.bridge, '--log-level', options.logLevel ?? 'info');
    const command = [this.programs.dockerd, ...flags, ...(options.dockerdFlags ?? [])];
    // the original's bridge and rules have fixed names: a network namespace of its own keeps them off the machine's
    return this.programs.flavour === 'ours' ? command : ['unshare', '--net', ...command];
  }

  /** What points clients at this stack. */
  get env(): Record<string, string> {
    return {
      DOCKER_HOST: `unix://${this.dockerSocket}`,
      DOCKER_CONFIG: this.scratch.join('cli'),
      CONTAINERD_ADDRESS: this.containerdSocket,
    };
  }

  /** Runs the real docker client; answers however it ends. */
  docker(args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    return runCommand(['docker', ...args], { ...options, env: { ...this.env, ...options.env } });
  }

  /** Runs the real docker client and answers its standard output without the last newline; a failure rejects. */
  async mustDocker(args: readonly string[], options: CommandOptions = {}): Promise<string> {
    return (await mustRun(['docker', ...args], { ...options, env: { ...this.env, ...options.env } })).replace(
      /\n$/,
      '',
    );
  }

  /** Runs the real ctr client. */
  ctr(args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    return runCommand(['ctr', '--address', this.containerdSocket, ...args], options);
  }

  /** Everything goes: containers, daemons, bridge, folder. What refuses to go is an error, after all the rest is gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    const failures: unknown[] = [];
    const attempt = async (step: () => Promise<unknown> | void): Promise<void> => {
      try {
        await step();
      } catch (error) {
        failures.push(error);
      }
    };
    await attempt(async () => {
      if (!this.dockerd.running) return;
      const ids = (await this.mustDocker(['ps', '-aq'])).split('\n').filter(Boolean);
      if (ids.length > 0) await this.mustDocker(['rm', '-f', '-v', ...ids]);
    });
    await attempt(() => this.dockerd[Symbol.asyncDispose]());
    await attempt(() => this.containerd[Symbol.asyncDispose]());
    removeEmptyCgroupParents();
    await attempt(() => {
      const left = this.scratch.mounts();
      for (const point of left.toReversed()) unmount(point, MNT_DETACH);
      this.scratch[Symbol.dispose]();
      // the original leaves the name of its own network namespace behind
      if (left.length > 0 && this.programs.flavour === 'ours')
        throw failedPrecondition(`the stack left mounts behind: ${left.join(', ')}`);
    });
    if (failures.length > 0) throw new AggregateError(failures, failures.map(String).join('; '));
  }
}
