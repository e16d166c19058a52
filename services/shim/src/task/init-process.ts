/** A container's first process: made by `runtime create`, let go by `runtime start` (or restored from a checkpoint). */
import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CodedError, messageOf, notFound, unknown } from '@docker-ts/base/errors';
import type { CheckpointOptions } from '@docker-ts/rpc/gen/containerd/types/runc/options/oci';
import type { Exit } from '../process/reaper.ts';
import { readPidFile } from '../runtime/runtime-log.ts';
import { isMissing, type Runtime, runtimeError, type StartCommand } from '../runtime/runtime.ts';
import { ProcessIo, type ProcessIoOptions } from '../stdio/process-io.ts';
import { ConsoleSocket } from './console-socket.ts';
import { unmountRootfs } from './rootfs.ts';
import { TaskProcess } from './task-process.ts';

const SIGKILL = 9;

export interface InitOptions {
  readonly bundle: string;
  readonly runtime: Runtime;
  readonly io: ProcessIoOptions;
  readonly noPivotRoot: boolean;
  readonly noNewKeyring: boolean;
  readonly criuWorkPath: string;
  /** The image of a checkpoint to restore from; "" for a new container. */
  readonly checkpoint: string;
  readonly parentCheckpoint: string;
}

export class InitProcess extends TaskProcess {
  readonly #options: InitOptions;
  #pausing = false;

  constructor(id: string, options: InitOptions) {
    super(id, '', options.io.stdio);
    this.#options = options;
  }

  get pausing(): boolean {
    return this.#pausing;
  }

  get runtime(): Runtime {
    return this.#options.runtime;
  }

  /** Afterwards the process exists and waits for start; with a checkpoint nothing has happened yet. */
  async create(): Promise<void> {
    try {
      this.io = await ProcessIo.open(this.#options.io);
    } catch (error) {
      throw new CodedError(
        error instanceof CodedError ? error.code : 'unknown',
        `failed to create init process I/O: ${messageOf(error)}`,
        { cause: error },
      );
    }
    if (this.#options.checkpoint !== '') return;
    try {
      await this.#launch('create');
    } catch (error) {
      await this.io[Symbol.asyncDispose]();
      throw error;
    }
  }

  override async start(): Promise<void> {
    await this.lock.run(async () => {
      this.life.require('start');
      if (this.#options.checkpoint !== '') await this.#launch('restore');
      else await this.#call('OCI runtime start failed', () => this.runtime.start(this.containerId));
      this.life.moved('start');
    });
  }

  override async kill(signal: number, all: boolean): Promise<void> {
    this.life.require('kill');
    try {
      await this.runtime.kill(this.containerId, signal, all);
    } catch (error) {
      throw killError(error);
    }
  }

  /** Everything else in the container, when its pid namespace outlives init. */
  async killAll(): Promise<void> {
    await this.#call('OCI runtime killall failed', () => this.runtime.kill(this.containerId, SIGKILL, true));
  }

  override async delete(): Promise<void> {
    await this.lock.run(async () => {
      this.life.require('delete');
      if (this.io && !(await this.io.drain()))
        this.#options.io.log.error(`failed to drain init process ${this.containerId} io`);
      try {
        await this.runtime.delete(this.containerId);
      } catch (error) {
        // After a checkpoint the runtime has forgotten the container.
        if (!isMissing(error)) throw runtimeError(error, 'failed to delete task');
      }
      await this.io?.[Symbol.asyncDispose]();
      unmountRootfs(join(this.#options.bundle, 'rootfs'));
      this.life.moved('delete');
    });
  }

  async pause(): Promise<void> {
    await this.lock.run(async () => {
      this.life.require('pause');
      this.#pausing = true;
      try {
        await this.#call('OCI runtime pause failed', () => this.runtime.pause(this.containerId));
        this.life.moved('pause');
      } finally {
        this.#pausing = false;
      }
    });
  }

  async resume(): Promise<void> {
    await this.lock.run(async () => {
      this.life.require('resume');
      await this.#call('OCI runtime resume failed', () => this.runtime.resume(this.containerId));
      this.life.moved('resume');
    });
  }

  async update(resources: Uint8Array): Promise<void> {
    await this.lock.run(async () => {
      this.life.require('update');
      await this.#call('OCI runtime update failed', () => this.runtime.update(this.containerId, resources));
    });
  }

  async checkpoint(imagePath: string, options: CheckpointOptions): Promise<void> {
    await this.lock.run(async () => {
      this.life.require('checkpoint');
      const work = options.workPath === '' ? join(this.#options.bundle, 'work', 'criu-work') : options.workPath;
      try {
        await this.runtime.checkpoint(this.containerId, checkpointFlags(imagePath, work, options));
      } catch (error) {
        throw unknown(`${messageOf(error).split('\n')[0]} path= ${this.#keepDumpLog(work)}`, error);
      } finally {
        if (options.workPath === '') rmSync(work, { recursive: true, force: true });
      }
    });
  }

  /** A frozen container whose init was killed would keep the others frozen: it is thawed. */
  override setExited(exit: Exit): boolean {
    const paused = this.life.state === 'paused';
    if (!super.setExited(exit)) return false;
    if (paused)
      this.runtime
        .resume(this.containerId)
        .catch((error: unknown) => this.#options.io.log.error(`resuming exited container: ${messageOf(error)}`));
    return true;
  }

  async #launch(verb: 'create' | 'restore'): Promise<void> {
    const { bundle, io: options } = this.#options;
    const io = this.io!;
    const pidFile = join(bundle, 'init.pid');
    using socket = options.stdio.terminal ? ConsoleSocket.open() : undefined;
    const command: StartCommand = {
      stdio: io.childStdio,
      started: () => io.childStarted(),
      pidFile,
      consoleSocket: socket?.path,
      flags: this.#flags(verb),
    };
    await this.#call(`OCI runtime ${verb} failed`, () => this.runtime[verb](this.containerId, bundle, command));
    this.setPid(readPidFile(pidFile));
    await io.attach(socket?.receive());
  }

  #flags(verb: 'create' | 'restore'): string[] {
    const { noPivotRoot, noNewKeyring, checkpoint, parentCheckpoint, criuWorkPath } = this.#options;
    const flags = noPivotRoot ? ['--no-pivot'] : [];
    if (verb === 'create') return noNewKeyring ? [...flags, '--no-new-keyring'] : flags;
    flags.push('--detach', '--no-subreaper', '--image-path', checkpoint, '--work-path', criuWorkPath);
    return parentCheckpoint === '' ? flags : [...flags, '--parent-path', parentCheckpoint];
  }

  #keepDumpLog(work: string): string {
    const kept = join(this.#options.bundle, 'criu-dump.log');
    try {
      copyFileSync(join(work, 'dump.log'), kept);
    } catch {
      // The runtime failed before CRIU wrote anything.
    }
    return kept;
  }

  async #call(prefix: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      throw runtimeError(error, prefix);
    }
  }
}

function checkpointFlags(imagePath: string, work: string, options: CheckpointOptions): string[] {
  const flags = ['--image-path', imagePath, '--work-path', work];
  if (!options.exit) flags.push('--leave-running');
  if (options.parentPath !== '') flags.push('--parent-path', options.parentPath);
  if (options.openTcp) flags.push('--tcp-established');
  if (options.externalUnixSockets) flags.push('--ext-unix-sk');
  if (options.terminal) flags.push('--shell-job');
  if (options.fileLocks) flags.push('--file-locks');
  for (const namespace of options.emptyNamespaces) flags.push('--empty-ns', namespace);
  return flags;
}

/** The runtimes' ways to say that nobody is there to be killed. */
export function killError(error: unknown): CodedError {
  const text = messageOf(runtimeError(error, ''));
  if (/process already finished|container not running|no such process|ESRCH/i.test(text))
    return notFound('process already finished', error);
  if (isMissing(error)) return notFound('no such container', error);
  return runtimeError(error, 'unknown error after kill');
}
