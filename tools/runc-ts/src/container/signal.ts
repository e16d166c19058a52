/** Signals to a container: names as kill(1) takes them, signal(7). */
import { failedPrecondition, invalidArgument, isCode } from '@docker-ts/base/errors';
import { signalPidfd } from '@docker-ts/linux/pidfd';
import { signalNumbers } from '@docker-ts/linux/signal-number';
import { hasOwn } from '../plan/namespaces.ts';
import type { Container } from './container.ts';

const realtimeBase = 34;
const lastSignal = 64;

/** `15`, `TERM`, `SIGTERM`, `RTMIN+3`. invalid_argument: `unknown signal "…"`. */
export function parseSignal(text: string): number {
  if (/^\d+$/.test(text)) {
    const number = Number(text);
    if (number >= 0 && number <= lastSignal) return number;
  }
  const name = text.toUpperCase().replace(/^SIG/, '');
  const realtime = /^RTMIN(?:\+(\d+))?$/.exec(name);
  if (realtime !== null && realtimeBase + Number(realtime[1] ?? 0) <= lastSignal)
    return realtimeBase + Number(realtime[1] ?? 0);
  const reverse = /^RTMAX(?:-(\d+))?$/.exec(name);
  if (reverse !== null && lastSignal - Number(reverse[1] ?? 0) >= realtimeBase)
    return lastSignal - Number(reverse[1] ?? 0);
  const number = (signalNumbers as Readonly<Record<string, number>>)[`SIG${name}`];
  if (number === undefined) throw invalidArgument(`unknown signal "${text}"`);
  return number;
}

/** failed_precondition: `container not running`. */
export function killContainer(container: Container, signal: number, all: boolean): void {
  const { cgroup } = container;
  if (all) {
    cgroup.killAll(signal);
    return;
  }
  try {
    container.withInit((pidfd) => signalPidfd(pidfd, signal));
  } catch (error) {
    if (isCode(error, 'not_found')) throw failedPrecondition('container not running', error);
    throw error;
  }
  if (signal !== signalNumbers.SIGKILL) return;
  // without a pid namespace of its own the first process takes nobody with it
  if (!hasOwn(container.state.config.namespaces, 'pid')) cgroup.killAll(signal);
  if (container.isFrozen()) cgroup.thaw();
}
