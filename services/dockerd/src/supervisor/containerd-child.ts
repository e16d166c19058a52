/**
 * A containerd of the daemon's own, when `--containerd` names none: started as a child, started again if it dies, stopped with
 * the daemon. Shims are not its children's business: they live in sessions of their own and outlast both.
 *
 *     <exec-root>/containerd/containerd.sock      address
 *     <exec-root>/containerd/daemon/              --state
 *     <data-root>/containerd/daemon/              --root
 */
import { messageOf, unavailable } from '@docker-ts/base/errors';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import type { Logger } from 'winston';
import type { LogLevel } from '../config/options.ts';

export interface ContainerdChildOptions {
  readonly execRoot: string;
  readonly dataRoot: string;
  readonly logLevel: LogLevel;
  readonly log: Logger;
}

const firstDelayMs = 100;
const longestDelayMs = 10_000;
/** A child that lived this long was no false start. */
const healthyMs = 10_000;
const stopTimeoutMs = 10_000;

/** In the folder of this executable, else in PATH. */
function findContainerd(): string {
  const folders = [dirname(process.execPath), ...(process.env['PATH'] ?? '').split(delimiter)];
  const found = folders.map((folder) => join(folder, 'containerd-ts')).find((path) => existsSync(path));
  if (found === undefined) throw unavailable('cannot start containerd-ts: not found beside dockerd-ts nor in PATH');
  return found;
}

export class ContainerdChild implements AsyncDisposable {
  readonly address: string;
  readonly #options: ContainerdChildOptions;
  readonly #path: string;
  #child: ChildProcess | undefined;
  #timer: NodeJS.Timeout | undefined;
  #delayMs = firstDelayMs;
  #stopping = false;

  constructor(options: ContainerdChildOptions) {
    this.#options = options;
    this.#path = findContainerd();
    this.address = join(options.execRoot, 'containerd', 'containerd.sock');
    mkdirSync(dirname(this.address), { recursive: true, mode: 0o711 });
    this.#start();
  }

  #start(): void {
    const { execRoot, dataRoot, logLevel, log } = this.#options;
    const flags = ['--address', this.address, '--state', join(execRoot, 'containerd', 'daemon')];
    flags.push('--root', join(dataRoot, 'containerd', 'daemon'), '--log-level', logLevel);
    const startedMs = Date.now();
    const child = spawn(this.#path, flags, { stdio: ['ignore', 'inherit', 'inherit'] });
    this.#child = child;
    child.once('error', (error) => log.error(`cannot start containerd: ${messageOf(error)}`));
    child.once('exit', (code, signal) => {
      this.#child = undefined;
      if (this.#stopping) return;
      this.#delayMs = Date.now() - startedMs > healthyMs ? firstDelayMs : Math.min(this.#delayMs * 2, longestDelayMs);
      log.error(`containerd ended (${signal ?? `status ${code}`}), starting it again in ${this.#delayMs} ms`);
      this.#timer = setTimeout(() => this.#start(), this.#delayMs);
    });
    log.info('started containerd', { pid: child.pid, address: this.address });
  }

  /** Stops the child and leaves the shims alone. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#timer);
    const child = this.#child;
    if (child === undefined) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    const timer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
    child.kill('SIGTERM');
    await ended;
    clearTimeout(timer);
  }
}
