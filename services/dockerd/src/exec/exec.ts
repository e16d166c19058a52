/**
 * An exec: another process in a running container. It is created, started once, and kept for `inspect` until the container's run
 * is over; it does not outlive the daemon.
 */
import { conflict } from '@docker-ts/base/errors';
import { randomBytes } from 'node:crypto';
import type { Container } from '../containers/container.ts';
import { OutputHub } from '../stdio/output-hub.ts';

/** Body of `POST /containers/x/exec`. */
export interface ExecConfig {
  readonly User?: string;
  readonly Privileged?: boolean;
  readonly Tty?: boolean;
  readonly ConsoleSize?: readonly [height: number, width: number] | null;
  readonly AttachStdin?: boolean;
  readonly AttachStdout?: boolean;
  readonly AttachStderr?: boolean;
  readonly DetachKeys?: string;
  readonly Env?: readonly string[] | null;
  readonly WorkingDir?: string;
  readonly Cmd?: readonly string[] | null;
}

export type ExecStatus = 'created' | 'running' | 'exited';

export class Exec {
  readonly id = randomBytes(32).toString('hex');
  readonly container: Container;
  readonly config: ExecConfig;
  readonly output = new OutputHub();
  status: ExecStatus = 'created';
  /** Of the terminal, if the start names one. */
  consoleSize: readonly [height: number, width: number] | undefined;
  pid = 0;
  /** `undefined` until it ended. */
  exitCode: number | undefined;
  /** Runs when the container's run ends before the exec's own end was seen. */
  onForget: (() => void) | undefined;

  constructor(container: Container, config: ExecConfig) {
    this.container = container;
    this.config = config;
    this.consoleSize = config.ConsoleSize ?? undefined;
  }

  /** conflict if it was started before, or its container does not run. */
  requireStartable(): void {
    if (this.status === 'exited') throw conflict(`exec ${this.id} has already run`);
    if (this.status === 'running') throw conflict(`exec ${this.id} is already running`);
    this.container.requireRunning();
    if (this.container.state.status === 'paused')
      throw conflict(`Container ${this.container.id} is paused, unpause the container before exec`);
  }

  /** The container's run is over, and with it everything that ran in it. */
  forget(): void {
    this.onForget?.();
  }
}
