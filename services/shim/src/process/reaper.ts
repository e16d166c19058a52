/**
 * The one place that waits for children: those that the shim starts (the runtime, loggers) and those that it adopts as a
 * subreaper (containers' processes, whose parent, the runtime, has ended).
 *
 * Bun waits for what Bun.spawn started, each by its pidfd, and its waits would race with ours. So the shim starts nothing
 * through Bun (`posixSpawn`), and waitpid(-1) on SIGCHLD is safe: every child is ours. Bun delivers signals through its event
 * loop, hence a child started and registered in one turn cannot be reaped in between.
 *
 * An adopted process may end before anybody knows its pid: the runtime writes that into a file, and ends later. A `Watch` opened
 * before the runtime starts keeps the exits of the time between.
 */
import { exitCodeOf, reapAnyChild } from '@docker-ts/linux/child-process';
import { wallTime, type WallTime } from '@docker-ts/linux/clock';
import { posixSpawn, type SpawnOptions } from '@docker-ts/linux/posix-spawn';

export interface Exit {
  readonly pid: number;
  /** 128 + signal for a process that a signal ended. */
  readonly status: number;
  readonly at: WallTime;
}

export interface Child {
  readonly pid: number;
  readonly exited: Promise<Exit>;
}

/** Remembers exits from its opening until it is closed. */
export class ExitWatch implements Disposable {
  readonly #exits = new Map<number, Exit>();
  readonly #close: (watch: ExitWatch) => void;

  constructor(close: (watch: ExitWatch) => void) {
    this.#close = close;
  }

  record(exit: Exit): void {
    this.#exits.set(exit.pid, exit);
  }

  /** The exit of `pid`, if it happened since the opening. */
  find(pid: number): Exit | undefined {
    return this.#exits.get(pid);
  }

  [Symbol.dispose](): void {
    this.#close(this);
  }
}

export class Reaper implements Disposable {
  readonly #children = new Map<number, (exit: Exit) => void>();
  readonly #watches = new Set<ExitWatch>();
  readonly #onSignal = (): void => this.reap();
  #onAdoptedExit: (exit: Exit) => void = () => {};
  #alive: Timer | undefined;

  /** Puts the handler for SIGCHLD in place. */
  listen(): this {
    process.on('SIGCHLD', this.#onSignal);
    return this;
  }

  /** Told of the end of every process that `spawn` did not start. */
  set onAdoptedExit(listener: (exit: Exit) => void) {
    this.#onAdoptedExit = listener;
  }

  /** Starts a child of the shim itself. */
  spawn(options: SpawnOptions): Child {
    const pid = posixSpawn(options);
    const { promise, resolve } = Promise.withResolvers<Exit>();
    this.#children.set(pid, resolve);
    // A signal handler keeps no event loop running: a verb that only waits for the runtime would end before its answer.
    this.#alive ??= setInterval(() => {}, 2 ** 30);
    return { pid, exited: promise };
  }

  openWatch(): ExitWatch {
    const watch = new ExitWatch((closed) => this.#watches.delete(closed));
    this.#watches.add(watch);
    return watch;
  }

  /** Collects everything that has ended. */
  reap(): void {
    for (;;) {
      const ended = reapAnyChild();
      if (!ended) return;
      const exit: Exit = { pid: ended.pid, status: exitCodeOf(ended.exit), at: wallTime() };
      const resolve = this.#children.get(exit.pid);
      if (resolve) {
        this.#children.delete(exit.pid);
        if (this.#children.size === 0) this.#rest();
        resolve(exit);
        continue;
      }
      for (const watch of this.#watches) watch.record(exit);
      this.#onAdoptedExit(exit);
    }
  }

  #rest(): void {
    clearInterval(this.#alive);
    this.#alive = undefined;
  }

  [Symbol.dispose](): void {
    this.#rest();
    process.off('SIGCHLD', this.#onSignal);
  }
}
