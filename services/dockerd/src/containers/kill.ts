/** `POST /containers/x/kill`. */
import { conflict, isCode, wrap } from '@docker-ts/base/errors';
import { parseSignal } from '../spec/verify-config.ts';
import type { Container } from './container.ts';
import { publish } from './container-events.ts';
import type { DomainContext } from './context.ts';

const SIGKILL = 9;

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
    await sendSignal(context, container, signal);
    publish(context, container, 'kill', { signal: String(signal) });
    if (signal === SIGKILL)
      await container.wait('not-running', AbortSignal.any([context.shutdown, AbortSignal.timeout(10_000)]));
  } catch (error) {
    throw wrap(error, `cannot kill container: ${reference}`);
  }
}

/** A signal to init. A paused container would get it only when it runs again, so a deadly one lets it run. */
export async function sendSignal({ containerd }: DomainContext, container: Container, signal: number): Promise<void> {
  const containerId = container.id;
  try {
    await containerd.tasks.kill({ containerId, signal });
    if (container.state.status === 'paused' && signal === SIGKILL) await containerd.tasks.resume({ containerId });
  } catch (error) {
    // It died by itself in the meantime.
    if (!isCode(error, 'not_found')) throw error;
  }
}
