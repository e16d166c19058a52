/**
 * An exec: another process in a running container. It is created, started once, and kept for `inspect` until the container's run
 * is over; it does not outlive the daemon.
 */
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
  pid = 0;
  /** `undefined` until it ended. */
  exitCode: number | undefined;
  /** Runs when the container's run ends before the exec's own end was seen. */
  onForget: (() => void) | undefined;

  constructor(container: Container, config: ExecConfig) {
    this.container = container;
    this.config = config;
  }

  /** The container's run is over, and with it everything that ran in it. */
  forget(): void {
    this.onForget?.();
  }
}
