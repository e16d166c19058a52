/** `POST /containers/x/kill`. */
import { conflict, internal, isCode, messageOf, wrap } from '@docker-ts/base/errors';
import { parseSignal } from '../spec/verify-config.ts';
import type { Container } from './container.ts';
import { publish } from './container-events.ts';
import type { DomainContext } from './context.ts';

const SIGKILL = 9;
/** How long the kernel may take with SIGKILL before the client is told. */
const killTimeoutMs = 10_000;

/**
 * Sends a signal (name or number; SIGKILL if absent). A stop by hand keeps the restart policy from starting it again: any
 * signal counts as one, or the stop signal alone if the container has one of its own.
 */
export async function killContainer(
  context: DomainContext,
  container: Container,
  reference: string,
  signalWord: string,
): Promise<void> {
  try {
    const signal = signalWord === '' ? SIGKILL : parseSignal(signalWord);
    await container.started();
    if (!container.isRunning) throw conflict(`container ${container.id} is not running`);
    const { StopSignal: stopSignal } = container.record.config;
    if (stopSignal === undefined || stopSignal === '' || parseSignal(stopSignal) === signal) {
      container.patch({ manuallyStopped: true });
      await context.registry.save(container);
    }
    if (signal === SIGKILL) await killAndWait(context, container, killTimeoutMs);
    else {
      await sendSignal(context, container, signal);
      publish(context, container, 'kill', { signal: String(signal) });
    }
  } catch (error) {
    throw wrap(error, `cannot kill container: ${reference}`);
  }
}

/** A signal to init. A paused container would get it only when it runs again, so a deadly one lets it run. */
export async function sendSignal(
  { containerd, log }: DomainContext,
  container: Container,
  signal: number,
): Promise<void> {
  const containerId = container.id;
  try {
    await containerd.tasks.kill({ containerId, signal });
  } catch (error) {
    // It died by itself in the meantime.
    if (!isCode(error, 'not_found') && !container.isEnding) throw error;
  }
  if (container.state.status === 'paused' && signal === SIGKILL)
    // It may run again or be dead by now; if it is neither, the wait for its end tells.
    await containerd.tasks.resume({ containerId }).catch((error: unknown) => {
      log.debug(`cannot resume container ${containerId} to be killed: ${messageOf(error)}`);
    });
}

/** SIGKILL, and the end that follows; internal if none comes within the time. */
export async function killAndWait(context: DomainContext, container: Container, timeoutMs: number): Promise<void> {
  const limit = AbortSignal.any([context.shutdown, AbortSignal.timeout(timeoutMs)]);
  // Listening before the signal: the end cannot be missed.
  const ended = container.wait('not-running', limit).then(
    () => true,
    () => false,
  );
  await sendSignal(context, container, SIGKILL);
  publish(context, container, 'kill', { signal: String(SIGKILL) });
  if (await ended) return;
  context.shutdown.throwIfAborted();
  throw internal(`tried to kill container ${container.id}, but did not receive an exit event`);
}
