/** `POST /containers/x/stop` and `/restart`: the stop signal, time to obey it, SIGKILL. */
import { notModified, wrap } from '@docker-ts/base/errors';
import { parseSignal } from '../spec/verify-config.ts';
import type { Container } from './container.ts';
import { publish } from './container-events.ts';
import type { DomainContext } from './context.ts';
import { sendSignal } from './kill.ts';
import { startContainer } from './start.ts';

export interface StopOptions {
  /** Overrides the container's own stop signal. */
  readonly signal?: string;
  /** Seconds to obey; negative waits for ever. Default: the container's own, else 10. */
  readonly timeoutSeconds?: number;
}

const SIGKILL = 9;
const defaultTimeoutSeconds = 10;
/** How long the kernel may take with SIGKILL before the client is told. */
const killTimeoutMs = 10_000;

/** not_modified if it does not run. */
export async function stopContainer(context: DomainContext, container: Container, options: StopOptions): Promise<void> {
  if (!(await cancelRestart(context, container)) && !container.isRunning)
    throw notModified(`container ${container.id} is not running`);
  await halt(context, container, options);
  publish(context, container, 'stop');
}

export async function restartContainer(
  context: DomainContext,
  container: Container,
  reference: string,
  options: StopOptions,
): Promise<void> {
  try {
    await cancelRestart(context, container);
    if (container.isRunning) {
      await halt(context, container, options, container.record.hostConfig.AutoRemove === true);
      publish(context, container, 'stop');
    }
    await startContainer(context, container);
    publish(context, container, 'restart');
  } catch (error) {
    throw wrap(error, `Cannot restart container ${reference}`);
  }
}

/** A container that waits for its policy to start it again is stopped by forgetting about it. */
async function cancelRestart(context: DomainContext, container: Container): Promise<boolean> {
  return container.lock.run(async () => {
    if (container.state.status !== 'restarting') return false;
    container.pendingRestart?.cancel();
    container.patch({ manuallyStopped: true });
    container.patchState({ status: 'exited' });
    await context.registry.save(container);
    container.announceExit();
    return true;
  });
}

async function halt(context: DomainContext, container: Container, options: StopOptions, keep = false): Promise<void> {
  if (!container.isRunning) return;
  const { config } = container.record;
  const signal = parseSignal(options.signal || config.StopSignal || 'SIGTERM');
  const seconds = options.timeoutSeconds ?? config.StopTimeout ?? defaultTimeoutSeconds;
  container.patch({ manuallyStopped: true });
  container.keepAfterExit = keep;
  await context.registry.save(container);
  await signalAndWait(context, container, signal, seconds < 0 ? undefined : seconds * 1000);
  if (!container.isRunning) return;
  await signalAndWait(context, container, SIGKILL, killTimeoutMs);
  if (container.isRunning)
    throw wrap(
      new Error('tried to kill container, but did not receive an exit event'),
      `cannot stop container: ${container.id}`,
    );
}

async function signalAndWait(
  context: DomainContext,
  container: Container,
  signal: number,
  timeoutMs: number | undefined,
): Promise<void> {
  const limits = timeoutMs === undefined ? [context.shutdown] : [context.shutdown, AbortSignal.timeout(timeoutMs)];
  // Listening before the signal: the end cannot be missed.
  const ended = container.wait('not-running', AbortSignal.any(limits)).catch(() => undefined);
  await sendSignal(context, container, signal);
  publish(context, container, 'kill', { signal: String(signal) });
  await ended;
}
