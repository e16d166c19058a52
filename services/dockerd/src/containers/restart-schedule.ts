/** Starts that a restart policy has put off. */
import { messageOf } from '@docker-ts/base/errors';
import type { Container } from './container.ts';
import type { DomainContext } from './context.ts';
import { runTask } from './start.ts';

/** Starts the container again after the delay, unless somebody cancels it. */
export function scheduleRestart(context: DomainContext, container: Container, delayMs: number): void {
  container.restartDelayMs = delayMs;
  const restart = async (): Promise<void> => {
    if (container.state.status !== 'restarting') return;
    container.patch({ restartCount: container.record.restartCount + 1 });
    await runTask(context, container);
  };
  const timer = setTimeout(() => {
    container.pendingRestart = undefined;
    container.lock.run(restart).catch((error: unknown) => {
      context.log.error(`cannot restart container ${container.id}: ${messageOf(error)}`);
    });
  }, delayMs);
  const cancel = (): void => {
    clearTimeout(timer);
    container.pendingRestart = undefined;
  };
  container.pendingRestart = { cancel };
}
