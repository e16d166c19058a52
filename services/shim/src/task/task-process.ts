/** What init and exec'd processes have in common: identity, life, stdio, exit. */
import type { WallTime } from '@docker-ts/linux/clock';
import type { Exit } from '../process/reaper.ts';
import type { ProcessIo } from '../stdio/process-io.ts';
import type { Stdio } from '../stdio/stdio-uri.ts';
import { Lock } from './lock.ts';
import { ProcessLife } from './process-state.ts';

export interface ExitResult {
  readonly status: number;
  readonly at: WallTime | undefined;
}

export abstract class TaskProcess {
  readonly containerId: string;
  /** "" for init. */
  readonly execId: string;
  readonly stdio: Stdio;
  readonly life = new ProcessLife();
  /** Start, delete, pause and their like follow one another; kill and state need not wait for them. */
  protected readonly lock = new Lock();
  #io: ProcessIo | undefined;
  #stdinClosed = false;
  #pid = 0;
  #exit: ExitResult | undefined;
  readonly #waiters = new Set<(result: ExitResult) => void>();

  constructor(containerId: string, execId: string, stdio: Stdio) {
    this.containerId = containerId;
    this.execId = execId;
    this.stdio = stdio;
  }

  /** As events and State name it: the exec's id, or the container's for init. */
  get id(): string {
    return this.execId === '' ? this.containerId : this.execId;
  }

  /** 0 until it runs. */
  get pid(): number {
    return this.#pid;
  }

  /** Undefined while it lives. */
  get exit(): ExitResult | undefined {
    return this.#exit;
  }

  abstract start(): Promise<void>;
  abstract kill(signal: number, all: boolean): Promise<void>;
  abstract delete(): Promise<void>;

  /** Settles with the exit; at once if it has happened. */
  async wait(signal: AbortSignal): Promise<ExitResult> {
    if (this.#exit) return this.#exit;
    const { promise, resolve, reject } = Promise.withResolvers<ExitResult>();
    const abort = (): void => reject(signal.reason);
    this.#waiters.add(resolve);
    signal.addEventListener('abort', abort, { once: true });
    try {
      return await promise;
    } finally {
      this.#waiters.delete(resolve);
      signal.removeEventListener('abort', abort);
    }
  }

  /** Records the end and answers those who wait for it; false if it was known. */
  setExited(exit: Exit): boolean {
    if (!this.life.exited()) return false;
    this.finish({ status: exit.status, at: exit.at });
    return true;
  }

  resize(columns: number, rows: number): void {
    this.life.require('resize');
    this.io?.resize(columns, rows);
  }

  /** A client may have nothing to say even before an exec'd process starts. */
  closeStdin(): void {
    this.#stdinClosed = true;
    this.io?.closeStdin();
  }

  protected get io(): ProcessIo | undefined {
    return this.#io;
  }

  protected set io(io: ProcessIo | undefined) {
    this.#io = io;
    if (this.#stdinClosed) io?.closeStdin();
  }

  protected setPid(pid: number): void {
    this.#pid = pid;
  }

  protected finish(result: ExitResult): void {
    this.#exit = result;
    this.io?.processExited();
    for (const resolve of this.#waiters) resolve(result);
    this.#waiters.clear();
  }
}
