/**
 * The end of a run. Order, so that a crash at any point can be told from what is left:
 *
 *     containerd tells (Tasks.Wait) ─▶ record: exited, code, time ─▶ Tasks.Delete (drains output) ─▶ Containers.Delete, network
 *     ─▶ clients of the output let go ─▶ waiters answered ─▶ restart policy
 *
 * With --rm the record says `removing` at once, and the container is gone for clients as soon as its output is delivered: what it
 * was made of is taken away behind their backs.
 */
import { isCode, messageOf } from '@docker-ts/base/errors';
import { isZeroTime } from '@docker-ts/rpc/timestamp';
import { now, parseTimeNs, timeOf } from './clock.ts';
import type { Container } from './container.ts';
import { publish } from './container-events.ts';
import type { DomainContext } from './context.ts';
import type { ContainerState, Exit } from './record.ts';
import { discardContainer } from './remove.ts';
import { decideRestart } from './restart-policy.ts';

/** What is said of a process whose shim is gone: nobody knows its status. */
const lostExitCode = 255;
const reconnectTimeoutMs = 60_000;

/** Watches the present run in the background until its end. */
export function watchExit(
  context: DomainContext,
  container: Container,
  ended: Promise<Exit> = waitForExit(context, container.id),
): void {
  const watch = async (): Promise<void> => {
    const exit = await ended;
    await container.lock.run(() => finishRun(context, container, exit));
  };
  watch().catch((error: unknown) => {
    if (context.shutdown.aborted) return;
    context.log.error(`cannot follow container ${container.id} to its end: ${messageOf(error)}`);
  });
}

/** Outlives restarts of containerd. */
export async function waitForExit({ containerd, shutdown }: DomainContext, containerId: string): Promise<Exit> {
  for (;;) {
    try {
      const { exitStatus, exitedAt } = await containerd.tasks.wait({ containerId }, { signal: shutdown });
      return {
        exitCode: exitStatus,
        finishedAt: exitedAt === undefined || isZeroTime(exitedAt) ? now() : timeOf(exitedAt),
      };
    } catch (error) {
      shutdown.throwIfAborted();
      if (isCode(error, 'not_found')) return { exitCode: lostExitCode, finishedAt: now() };
      // containerd is away, or its shim has yet to be found again: ask until there is an answer.
      await containerd.waitForReady(reconnectTimeoutMs).catch(() => {});
      await Bun.sleep(100);
    }
  }
}

/** Everything that follows a process's end. The caller holds the container's lock. */
export async function finishRun(context: DomainContext, container: Container, exit: Exit): Promise<void> {
  const { record } = container;
  let restart = decideRestart(container, exit, context.shutdown.aborted);
  const isTemporary = record.hostConfig.AutoRemove === true && !container.keepAfterExit && restart === undefined;
  container.keepAfterExit = false;
  const state: ContainerState = {
    ...record.state,
    ...exit,
    status: restart !== undefined ? 'restarting' : isTemporary ? 'removing' : 'exited',
    pid: 0,
    error: '',
  };
  container.foresee({ network: undefined as never, state });
  await saveEnd(context, container);
  const deleted = deleteTask(context, container.id);
  const { stdio } = container;
  container.closeStdio();
  for (const exec of container.execs.values()) exec.forget();
  await stdio?.finish(deleted);
  // A log is complete once the task is deleted; a container with --rm leaves none.
  if (!isTemporary) await deleted;
  container.show();
  if (restart !== undefined && container.record.manuallyStopped) {
    // stopped by hand while its end was dealt with
    restart = undefined;
    container.patchState({ status: 'exited' });
    await saveEnd(context, container);
  }
  publish(context, container, 'die', { exitCode: String(exit.exitCode), execDuration: runSeconds(state) });
  container.announceExit();
  if (restart !== undefined) context.restarts.schedule(container, restart.delayMs);
  else if (isTemporary) discardContainer(context, container, deleted);
}

/** A full disk must not leave a container that runs for ever in memory: reconciliation finds its end again. */
async function saveEnd({ registry, log }: DomainContext, container: Container): Promise<void> {
  await registry.save(container).catch((error: unknown) => {
    log.error(`cannot write down the end of container ${container.id}: ${messageOf(error)}`);
  });
}

/** Whole seconds that the run took. */
const runSeconds = ({ startedAt, finishedAt }: ContainerState): string =>
  String((parseTimeNs(finishedAt) - parseTimeNs(startedAt)) / 1_000_000_000n);

/**
 * Takes the dead task, containerd's container and the network away; the task's deletion waits until its output is written. A task
 * that cannot be deleted keeps its container: without one, containerd would let nobody near it any more.
 */
export async function deleteTask({ containerd, networks, log }: DomainContext, id: string): Promise<void> {
  const attempt = async (what: string, call: () => Promise<unknown>): Promise<boolean> => {
    try {
      await call();
    } catch (error) {
      if (isCode(error, 'not_found')) return true;
      log.warn(`cannot ${what} ${id}: ${messageOf(error)}`);
      return false;
    }
    return true;
  };
  const deleted = await attempt('delete task', () => containerd.tasks.delete({ containerId: id }));
  await Promise.all([
    deleted && attempt('delete containerd container', () => containerd.containers.delete({ id })),
    // Not before: the runtime may look at the namespace that it takes the container out of.
    attempt('release the network of', () => networks.release(id)),
  ]);
}
