/**
 * The OCI runtime's command line, as runc, crun and runc-ts have it (github.com/containerd/go-runc gives the calls). Each call runs
 * the binary once and settles when it has ended; what the runtime says about a failure comes from its log.
 */
import { CodedError, messageOf, unknown } from '@docker-ts/base/errors';
import type { Log } from '../log.ts';
import type { Exit, Reaper } from '../process/reaper.ts';
import type { Readiness } from '../stdio/readiness.ts';
import { CommandInput, OutputCollector } from './command-stdio.ts';
import type { SpawnOptions } from '@docker-ts/linux/posix-spawn';
import { lastRuntimeError, logEnd } from './runtime-log.ts';

export interface RuntimeConfig {
  readonly binary: string;
  /** State directory, with the namespace. */
  readonly root: string;
  readonly logPath: string;
  readonly systemdCgroup: boolean;
  readonly reaper: Reaper;
  readonly readiness: Readiness;
  readonly log: Log;
}

/** Standard descriptors of create, exec and restore, which the container's process inherits. */
export type ChildStdio = readonly (number | null)[];

export interface StartCommand {
  readonly stdio: ChildStdio;
  /** Called when the runtime has its descriptors. */
  readonly started: () => void;
  readonly pidFile: string;
  readonly consoleSocket: string | undefined;
  /** The command's own further flags. */
  readonly flags: readonly string[];
}

/** A command of the runtime failed. `output` is all that it printed, `logged` its last error in the log. */
class RuntimeFailure extends CodedError {
  readonly output: string;
  readonly logged: string | undefined;

  constructor(status: number, output: string, logged: string | undefined) {
    super('unknown', [output.trim(), status > 128 ? `signal: ${status - 128}` : `exit status ${status}`].join(': '));
    this.output = output;
    this.logged = logged;
  }
}

/** The failure as a client sees it: `OCI runtime create failed: …`. */
export function runtimeError(error: unknown, prefix: string): CodedError {
  if (error instanceof RuntimeFailure && error.logged) return unknown(`${prefix}: ${error.logged}`, error);
  return unknown(`${prefix}: ${messageOf(error)}`, error);
}

/** True if the runtime says that there is no such container. */
export function isMissing(error: unknown): boolean {
  return error instanceof RuntimeFailure && `${error.output}${error.logged ?? ''}`.includes('does not exist');
}

export class Runtime {
  readonly #config: RuntimeConfig;

  constructor(config: RuntimeConfig) {
    this.#config = config;
  }

  async create(id: string, bundle: string, command: StartCommand): Promise<void> {
    await this.#start(['create', '--bundle', bundle, ...startFlags(command), id], command);
  }

  async restore(id: string, bundle: string, command: StartCommand): Promise<void> {
    await this.#start(['restore', '--bundle', bundle, ...startFlags(command), id], command);
  }

  async exec(id: string, processFile: string, command: StartCommand): Promise<void> {
    await this.#start(['exec', '--process', processFile, ...startFlags(command), '--detach', id], command);
  }

  async start(id: string): Promise<void> {
    await this.#run(['start', id]);
  }

  async kill(id: string, signal: number, all: boolean): Promise<void> {
    await this.#run(['kill', ...(all ? ['--all'] : []), id, String(signal)]);
  }

  async delete(id: string, force = false): Promise<void> {
    await this.#run(['delete', ...(force ? ['--force'] : []), id]);
  }

  async pause(id: string): Promise<void> {
    await this.#run(['pause', id]);
  }

  async resume(id: string): Promise<void> {
    await this.#run(['resume', id]);
  }

  /** `resources` is the JSON of OCI LinuxResources. */
  async update(id: string, resources: Uint8Array): Promise<void> {
    await this.#run(['update', '--resources=-', id], resources);
  }

  async checkpoint(id: string, flags: readonly string[]): Promise<void> {
    await this.#run(['checkpoint', ...flags, id]);
  }

  /** Pids of all processes in the container, as the host counts them. */
  async processes(id: string): Promise<number[]> {
    const output = await this.#run(['ps', '--format', 'json', id]);
    const pids: unknown = JSON.parse(output);
    return Array.isArray(pids) ? pids.filter((pid) => typeof pid === 'number') : [];
  }

  /** The JSON of `features`. */
  async features(): Promise<string> {
    return this.#run(['features']);
  }

  /** The arguments that every command of the runtime begins with. */
  #argv(args: readonly string[]): string[] {
    const { binary, root, logPath, systemdCgroup } = this.#config;
    const global = ['--root', root, '--log', logPath, '--log-format', 'json'];
    return [binary, ...global, ...(systemdCgroup ? ['--systemd-cgroup'] : []), ...args];
  }

  /** Starts the runtime; its end is logged with what it took, for those who want to see who does what (`-debug`). */
  #spawn(args: readonly string[], stdio: SpawnOptions['stdio']): Promise<Exit> {
    const { binary, reaper, log } = this.#config;
    const begin = performance.now();
    const child = reaper.spawn({ path: binary, argv: this.#argv(args), env: environment(), stdio });
    return child.exited.then((exit) => {
      log.debug(`runtime ${args[0] ?? ''}: pid ${child.pid}, ${(performance.now() - begin).toFixed(1)} ms`);
      return exit;
    });
  }

  async #start(args: readonly string[], command: StartCommand): Promise<void> {
    const { logPath } = this.#config;
    const offset = logEnd(logPath);
    const exited = this.#spawn(args, command.stdio);
    command.started();
    const { status } = await exited;
    if (status !== 0) throw new RuntimeFailure(status, '', lastRuntimeError(logPath, offset));
  }

  /** Runs a command to its end and answers what it printed on stdout; stderr goes into the error. */
  async #run(args: readonly string[], input?: Uint8Array): Promise<string> {
    const { logPath } = this.#config;
    const offset = logEnd(logPath);
    using stdout = this.#collect();
    using stderr = this.#collect();
    using stdin = input === undefined ? undefined : new CommandInput(input);
    const { status } = await this.#spawn(args, [stdin?.childEnd ?? null, stdout.childEnd, stderr.childEnd]);
    const text = stdout.finish();
    if (status === 0) return text;
    throw new RuntimeFailure(status, stderr.finish() + text, lastRuntimeError(logPath, offset));
  }

  #collect(): OutputCollector {
    return new OutputCollector(this.#config.readiness);
  }
}

function startFlags(command: StartCommand): string[] {
  const console = command.consoleSocket === undefined ? [] : ['--console-socket', command.consoleSocket];
  return ['--pid-file', command.pidFile, ...console, ...command.flags];
}

function environment(): string[] {
  return Object.entries(process.env).map(([name, value]) => `${name}=${value ?? ''}`);
}
