/** Sizes of terminals: a container's and an exec's. */
import { conflict } from '@docker-ts/base/errors';
import type { Container } from '../containers/container.ts';
import { publish } from '../containers/container-events.ts';
import type { DomainContext } from '../containers/context.ts';
import type { Exec } from './exec.ts';

export interface TerminalSize {
  readonly height: number;
  readonly width: number;
}

/** conflict unless it runs. */
export async function resizeContainer(context: DomainContext, container: Container, size: TerminalSize): Promise<void> {
  container.requireRunning();
  await context.containerd.tasks.resizePty({ containerId: container.id, ...size });
  publish(context, container, 'resize', { height: String(size.height), width: String(size.width) });
}

export async function resizeExec({ containerd }: DomainContext, exec: Exec, size: TerminalSize): Promise<void> {
  if (exec.status !== 'running' || exec.pid === 0) throw conflict(`exec ${exec.id} is not running`);
  await containerd.tasks.resizePty({ containerId: exec.container.id, execId: exec.id, ...size });
}
