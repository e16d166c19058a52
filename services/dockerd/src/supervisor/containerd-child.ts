/**
 * A containerd of the daemon's own, when `--containerd` names none: started as a child, started again if it dies, stopped with
 * the daemon. One that outlived a daemon that was killed is taken over. Shims are not its children's business: they live in sessions
 * of their own and outlast both.
 *
 *     <exec-root>/containerd/containerd.sock      address
 *     <exec-root>/containerd/containerd.pid
 *     <exec-root>/containerd/daemon/              --state
 *     <data-root>/containerd/daemon/              --root
 */
import { unavailable } from '@docker-ts/base/errors';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import type { Logger } from 'winston';
import type { LogLevel } from '../config/options.ts';
import { containerdName, type ContainerdProcess, findContainerd, startContainerd } from './containerd-process.ts';

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
function findExecutable(): string {
  const folders = [dirname(process.execPath), ...(process.env['PATH'] ?? '').split(delimiter)];
  const found = folders.map((folder) => join(folder, containerdName)).find((path) => existsSync(path));
  if (found === undefined) throw unavailable(`cannot start ${containerdName}: not found beside dockerd-ts nor in PATH`);
  return found;
}

export class ContainerdChild implements AsyncDisposable {
  readonly address: string;
  readonly #options: ContainerdChildOptions;
  readonly #path: string;
  readonly #pidFile: string;
  #process: ContainerdProcess | undefined;
  #timer: NodeJS.Timeout | undefined;
  #delayMs = firstDelayMs;
  #stopping = false;

  constructor(options: ContainerdChildOptions) {
    this.#options = options;
    this.#path = findExecutable();
    const folder = join(options.execRoot, 'containerd');
    this.address = join(folder, 'containerd.sock');
    this.#pidFile = join(folder, 'containerd.pid');
    mkdirSync(folder, { recursive: true, mode: 0o711 });
    const living = findContainerd(this.#pidFile);
    if (living === undefined) this.#start();
    else {
      options.log.info('took over a running containerd', { pid: living.pid, address: this.address });
      this.#follow(living);
    }
  }

  #start(): void {
    const { execRoot, dataRoot, logLevel, log } = this.#options;
    const flags = ['--address', this.address, '--state', join(execRoot, 'containerd', 'daemon')];
    flags.push('--root', join(dataRoot, 'containerd', 'daemon'), '--log-level', logLevel);
    const child = startContainerd(this.#path, flags, this.#pidFile);
    log.info('started containerd', { pid: child.pid, address: this.address });
    this.#follow(child);
  }

  #follow(running: ContainerdProcess): void {
    this.#process = running;
    const sinceMs = performance.now();
    void running.ended.then((reason) => {
      this.#process = undefined;
      if (this.#stopping) return;
      const isFalseStart = performance.now() - sinceMs < healthyMs;
      this.#delayMs = isFalseStart ? Math.min(this.#delayMs * 2, longestDelayMs) : firstDelayMs;
      this.#options.log.error(`containerd ended (${reason}), starting it again in ${this.#delayMs} ms`);
      this.#timer = setTimeout(() => this.#start(), this.#delayMs);
    });
  }

  /** Stops the process and leaves the shims alone. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#timer);
    const running = this.#process;
    if (running !== undefined) {
      const timer = setTimeout(() => running.kill('SIGKILL'), stopTimeoutMs);
      running.kill('SIGTERM');
      await running.ended;
      clearTimeout(timer);
    }
    rmSync(this.#pidFile, { force: true });
  }
}
