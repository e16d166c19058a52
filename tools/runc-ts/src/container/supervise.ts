/**
 * The foreground of `run` and `exec`: signals go to the container's process, its terminal to ours, until it ends.
 */
import { closeSync } from 'node:fs';
import { type ChildExit, pollChild } from '@docker-ts/linux/child-process';
import { pollReadable } from '@docker-ts/linux/descriptor';
import { openPidfd, signalPidfd } from '@docker-ts/linux/pidfd';
import { signalNumbers } from '@docker-ts/linux/signal-number';
import type { TerminalRelay } from './terminal-relay.ts';

/** Programs that end at once are waited for without the event loop, whose start costs more than they take. */
const briefWaitMs = 15;

const forwarded = [
  'SIGHUP',
  'SIGINT',
  'SIGQUIT',
  'SIGTERM',
  'SIGUSR1',
  'SIGUSR2',
  'SIGALRM',
  'SIGCONT',
  'SIGTSTP',
  'SIGTTIN',
  'SIGTTOU',
] as const;

/** Signals that arrive from construction on are kept for the process, also before there is one. */
export class Supervisor implements Disposable {
  readonly #early: number[] = [];
  readonly #handlers = new Map<NodeJS.Signals, () => void>();
  #pidfd: number | undefined;
  #onChild: () => void = () => {};
  #onResize: () => void = () => {};

  constructor() {
    for (const name of forwarded) this.#on(name, () => this.#forward(signalNumbers[name]));
    this.#on('SIGCHLD', () => this.#onChild());
    this.#on('SIGWINCH', () => this.#onResize());
  }

  #on(name: NodeJS.Signals, handler: () => void): void {
    this.#handlers.set(name, handler);
    process.on(name, handler);
  }

  #forward(signal: number): void {
    if (this.#pidfd === undefined) {
      this.#early.push(signal);
      return;
    }
    try {
      signalPidfd(this.#pidfd, signal);
    } catch {
      // it has just ended
    }
  }

  /** Waits for the child `pid`; with a terminal, until all that it wrote has been passed on. */
  async wait(pid: number, relay?: TerminalRelay): Promise<ChildExit> {
    const pidfd = openPidfd(pid);
    this.#pidfd = pidfd;
    for (const signal of this.#early.splice(0)) this.#forward(signal);
    const relayed = relay?.run();
    if (relay !== undefined) this.#onResize = () => relay.copySize();
    else pollReadable([pidfd], briefWaitMs);
    const exit = pollChild(pid) ?? (await this.#untilEnd(pid));
    await relay?.finish(relayed);
    return exit;
  }

  #untilEnd(pid: number): Promise<ChildExit> {
    return new Promise((resolve) => {
      // keeps the event loop alive, and finds what a lost signal would have told
      const timer = setInterval(() => this.#onChild(), 1000);
      this.#onChild = () => {
        const exit = pollChild(pid);
        if (exit === undefined) return;
        this.#onChild = () => {};
        clearInterval(timer);
        resolve(exit);
      };
      this.#onChild();
    });
  }

  [Symbol.dispose](): void {
    for (const [name, handler] of this.#handlers) process.off(name, handler);
    if (this.#pidfd !== undefined) closeSync(this.#pidfd);
    this.#pidfd = undefined;
  }
}
