/**
 * Restart policies: `no`, `always`, `unless-stopped`, `on-failure[:n]`. Delays start at 100 ms, double up to a minute, and start
 * anew after a run of ten seconds (docs.docker.com, "Start containers automatically").
 */
import { messageOf } from '@docker-ts/base/errors';
import { parseTimeNs } from './clock.ts';
import type { Container } from './container.ts';
import type { DomainContext } from './context.ts';
import type { Exit } from './exit.ts';
import { runTask } from './start.ts';

const firstDelayMs = 100;
const longestDelayMs = 60_000;
const quietRunNs = 10_000_000_000n;

/** The delay of the next start, or `undefined` if there is none. */
export function decideRestart(
  container: Container,
  { exitCode, finishedAt }: Exit,
  shuttingDown: boolean,
): { readonly delayMs: number } | undefined {
  const { hostConfig, manuallyStopped, restartCount, state } = container.record;
  if (shuttingDown || manuallyStopped || state.status === 'removing') return undefined;
  const { Name: policy = 'no', MaximumRetryCount: limit = 0 } = hostConfig.RestartPolicy ?? {};
  const wanted =
    policy === 'always' ||
    policy === 'unless-stopped' ||
    (policy === 'on-failure' && exitCode !== 0 && (limit === 0 || restartCount < limit));
  if (!wanted) return undefined;
  const quiet = parseTimeNs(finishedAt) - parseTimeNs(state.startedAt) >= quietRunNs;
  const last = container.restartDelayMs;
  return { delayMs: quiet || last === 0 ? firstDelayMs : Math.min(last * 2, longestDelayMs) };
}

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
