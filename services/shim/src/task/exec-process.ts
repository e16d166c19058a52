/** A further process in a running container: registered by Exec, started by Start with `runtime exec --detach`. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CodedError, failedPrecondition, messageOf, notFound } from '@docker-ts/base/errors';
import { readPidFile } from '../runtime/runtime-log.ts';
import { type Runtime, runtimeError, type StartCommand } from '../runtime/runtime.ts';
import { ProcessIo, type ProcessIoOptions } from '../stdio/process-io.ts';
import { ConsoleSocket } from './console-socket.ts';
import { TaskProcess } from './task-process.ts';

export interface ExecOptions {
  readonly bundle: string;
  readonly runtime: Runtime;
  readonly io: ProcessIoOptions;
  /** The OCI Process document; `terminal` in it is replaced by the request's. */
  readonly spec: Readonly<Record<string, unknown>>;
}

/** What Wait answers for a process that could not be started. */
const neverStartedStatus = 255;

export class ExecProcess extends TaskProcess {
  readonly #options: ExecOptions;

  constructor(containerId: string, execId: string, options: ExecOptions) {
    super(containerId, execId, options.io.stdio);
    this.#options = options;
  }

  override async start(): Promise<void> {
    await this.lock.run(async () => {
      this.life.require('start');
      try {
        this.io = await ProcessIo.open(this.#options.io);
      } catch (error) {
        const code = error instanceof CodedError ? error.code : 'unknown';
        throw new CodedError(code, `failed to create init process I/O: ${messageOf(error)}`, { cause: error });
      }
      try {
        await this.#launch(this.io);
      } catch (error) {
        this.finish({ status: neverStartedStatus, at: undefined });
        await this.io[Symbol.asyncDispose]();
        throw error;
      }
      this.life.moved('start');
    });
  }

  override async kill(signal: number): Promise<void> {
    if (this.pid === 0 && !this.exit) throw failedPrecondition('process not created');
    if (this.exit || this.life.state === 'stopped') throw notFound('process already finished');
    this.life.require('kill');
    try {
      process.kill(this.pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ESRCH') throw notFound('process already finished', error);
      throw error;
    }
    await Promise.resolve();
  }

  override async delete(): Promise<void> {
    await this.lock.run(async () => {
      this.life.require('delete');
      if (this.io && !(await this.io.drain())) this.#options.io.log.error(`failed to drain exec process ${this.id} io`);
      await this.io?.[Symbol.asyncDispose]();
      rmSync(this.#pidFile, { force: true });
      this.life.moved('delete');
    });
  }

  get #pidFile(): string {
    return join(this.#options.bundle, `${this.execId}.pid`);
  }

  async #launch(io: ProcessIo): Promise<void> {
    const { bundle, runtime, spec } = this.#options;
    const specFile = join(bundle, `.${this.execId}-process.json`);
    using socket = this.stdio.terminal ? ConsoleSocket.open() : undefined;
    const command: StartCommand = {
      stdio: io.childStdio,
      started: () => io.childStarted(),
      pidFile: this.#pidFile,
      consoleSocket: socket?.path,
      flags: [],
    };
    try {
      writeFileSync(specFile, JSON.stringify({ ...spec, terminal: this.stdio.terminal }), { mode: 0o600 });
      await runtime.exec(this.containerId, specFile, command);
    } catch (error) {
      throw runtimeError(error, 'OCI runtime exec failed');
    } finally {
      rmSync(specFile, { force: true });
    }
    this.setPid(readPidFile(this.#pidFile));
    await io.attach(socket?.receive());
  }
}
