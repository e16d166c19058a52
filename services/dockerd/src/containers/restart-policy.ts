/**
 * Restart policies: `no`, `always`, `unless-stopped`, `on-failure[:n]`. Delays start at 100 ms, double up to a minute, and start
 * anew after a run of ten seconds (docs.docker.com, "Start containers automatically").
 */
import { parseTimeNs } from './clock.ts';
import type { Container } from './container.ts';
import type { Exit } from './record.ts';

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
