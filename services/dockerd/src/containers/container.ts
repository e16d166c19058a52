/**
 * A container in the daemon's memory: its record, and what belongs to this run of the daemon (clients attached to it, exec'd
 * processes, those who wait). Moves of its life cycle go one at a time through `lock`; reading never waits for them.
 */
import { Mutex } from '@docker-ts/base/mutex';
import { conflict } from '@docker-ts/base/errors';
import type { Process } from '@docker-ts/oci/runtime-spec';
import type { Mount } from '@docker-ts/rpc/gen/containerd/types/mount';
import type { Exec } from '../exec/exec.ts';
import type { ContainerStdio } from '../stdio/container-stdio.ts';
import type { FifoWriter } from '../stdio/fifo-writer.ts';
import { OutputHub } from '../stdio/output-hub.ts';
import type { ContainerRecord, ContainerState } from './record.ts';

export type WaitCondition = 'not-running' | 'next-exit' | 'removed';

export interface WaitResult {
  readonly exitCode: number;
  readonly error?: string;
}

interface Waiter {
  readonly condition: WaitCondition;
  readonly resolve: (result: WaitResult) => void;
}

export class Container {
  #record: ContainerRecord;
  /** What the disk has and memory does not show yet. */
  #ahead: Partial<ContainerRecord> | undefined;
  readonly lock = new Mutex();
  /** Output for attached clients, over all of the container's runs. */
  readonly output = new OutputHub();
  /** containerd's mounts of the snapshot, once somebody asked; they stay the same as long as it exists. */
  rootfsMounts: readonly Mount[] | undefined;
  /** The process of the present run's spec: what execs start from. */
  process: Process | undefined;
  readonly execs = new Map<string, Exec>();
  /** Of the current run. */
  stdio: ContainerStdio | undefined;
  /** A start that the restart policy has put off. */
  pendingRestart: { cancel(): void } | undefined;
  /** The last delay of the restart policy; 0 after a quiet run. */
  restartDelayMs = 0;
  /** `--rm` does not apply to the end of this run: it is a restart. */
  keepAfterExit = false;
  #stdin = Promise.withResolvers<FifoWriter>();
  readonly #waiters = new Set<Waiter>();

  constructor(record: ContainerRecord) {
    this.#record = record;
  }

  get record(): ContainerRecord {
    return this.#record;
  }

  get id(): string {
    return this.#record.id;
  }

  get state(): ContainerState {
    return this.#record.state;
  }

  /** It has a process (paused ones have). */
  get isRunning(): boolean {
    return this.state.status === 'running' || this.state.status === 'paused';
  }

  /** Settles when no start is under way: a process may run, print and be spoken to before its start has returned. */
  async started(): Promise<void> {
    if (!this.isRunning) await this.lock.run(async () => {});
  }

  /** Changes what is in memory; `ContainerRegistry.save` makes it last. */
  patch(change: Partial<ContainerRecord>): ContainerRecord {
    this.#record = { ...this.#record, ...change };
    return this.#record;
  }

  /** A change that goes to disk before requests may see it (`show`): whatever is saved meanwhile has it, too. */
  foresee(change: Partial<ContainerRecord>): void {
    this.#ahead = change;
  }

  /** What was foreseen is now seen. */
  show(): void {
    this.#record = this.lasting;
    this.#ahead = undefined;
  }

  /** The end of its run is being dealt with. */
  get isEnding(): boolean {
    return this.#ahead !== undefined;
  }

  /** The record as the disk has to have it. */
  get lasting(): ContainerRecord {
    if (this.#ahead === undefined) return this.#record;
    const record = { ...this.#record, ...this.#ahead };
    // the one part of a state that is told apart from its moves
    return { ...record, state: { ...record.state, oomKilled: this.#record.state.oomKilled } };
  }

  patchState(change: Partial<ContainerState>): ContainerRecord {
    return this.patch({ state: { ...this.#record.state, ...change } });
  }

  /** conflict unless there is a process that is not paused. */
  requireRunning(): void {
    if (!this.isRunning) throw conflict(`container ${this.id} is not running`);
  }

  /** The standard input of the present run, or of the next one. */
  stdin(): Promise<FifoWriter> {
    return this.#stdin.promise;
  }

  /** A run begins. */
  openStdio(stdio: ContainerStdio): void {
    this.stdio = stdio;
    if (stdio.stdin !== undefined) this.#stdin.resolve(stdio.stdin);
  }

  /** The run is over. */
  closeStdio(): void {
    this.stdio = undefined;
    this.#stdin = Promise.withResolvers<FifoWriter>();
  }

  /** Settles as `POST /containers/x/wait` wants it. `signal` gives the wait up. */
  wait(condition: WaitCondition, signal: AbortSignal): Promise<WaitResult> {
    if (condition === 'not-running' && !this.isRunning && this.state.status !== 'restarting')
      return Promise.resolve(this.#result());
    const { promise, resolve, reject } = Promise.withResolvers<WaitResult>();
    const giveUp = (): void => {
      this.#waiters.delete(waiter);
      reject(signal.reason as Error);
    };
    const waiter: Waiter = {
      condition,
      resolve: (result) => {
        // a signal that lives as long as the daemon would keep the container for as long
        signal.removeEventListener('abort', giveUp);
        resolve(result);
      },
    };
    if (signal.aborted) giveUp();
    else {
      this.#waiters.add(waiter);
      signal.addEventListener('abort', giveUp, { once: true });
    }
    return promise;
  }

  /** A run has ended (`restarting`: the policy starts another one, which is an exit all the same). */
  announceExit(): void {
    this.#announce((condition) => condition !== 'removed');
  }

  announceRemoval(): void {
    this.#announce(() => true);
  }

  #announce(concerns: (condition: WaitCondition) => boolean): void {
    for (const waiter of this.#waiters) {
      if (!concerns(waiter.condition)) continue;
      this.#waiters.delete(waiter);
      waiter.resolve(this.#result());
    }
  }

  #result(): WaitResult {
    const { exitCode, error, status } = this.state;
    // A start that failed is told to who asked for it; what waiters learn of is a removal that failed.
    return status === 'dead' ? { exitCode, error } : { exitCode };
  }
}
