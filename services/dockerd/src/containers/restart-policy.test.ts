import { describe, expect, test } from 'bun:test';
import type { RestartPolicy } from '../spec/container-config.ts';
import { Container } from './container.ts';
import { makeRecord } from './record-sample.ts';
import type { ContainerRecord } from './record.ts';
import { decideRestart } from './restart-policy.ts';

const startedAt = '2026-01-01T00:00:00Z';

function container(policy: RestartPolicy, change: Partial<ContainerRecord> = {}): Container {
  const { hostConfig, state } = makeRecord();
  return new Container(
    makeRecord({
      hostConfig: { ...hostConfig, RestartPolicy: policy },
      state: { ...state, status: 'running', startedAt },
      ...change,
    }),
  );
}

const afterSeconds = (seconds: number, exitCode = 1) => ({
  exitCode,
  finishedAt: new Date(Date.parse(startedAt) + seconds * 1000).toISOString(),
});

describe('decideRestart', () => {
  test('decideRestart follows each policy', () => {
    expect(decideRestart(container({ Name: 'no' }), afterSeconds(1), false)).toBeUndefined();
    expect(decideRestart(container({ Name: 'always' }), afterSeconds(1, 0), false)).toEqual({ delayMs: 100 });
    expect(decideRestart(container({ Name: 'unless-stopped' }), afterSeconds(1, 0), false)).toEqual({ delayMs: 100 });
    expect(decideRestart(container({ Name: 'on-failure' }), afterSeconds(1, 0), false)).toBeUndefined();
    expect(decideRestart(container({ Name: 'on-failure' }), afterSeconds(1, 3), false)).toEqual({ delayMs: 100 });
  });

  test('decideRestart counts tries of on-failure', () => {
    const policy: RestartPolicy = { Name: 'on-failure', MaximumRetryCount: 2 };
    expect(decideRestart(container(policy, { restartCount: 1 }), afterSeconds(1), false)).toBeDefined();
    expect(decideRestart(container(policy, { restartCount: 2 }), afterSeconds(1), false)).toBeUndefined();
  });

  test('decideRestart leaves alone what was stopped by hand and everything during a shutdown', () => {
    expect(
      decideRestart(container({ Name: 'always' }, { manuallyStopped: true }), afterSeconds(1), false),
    ).toBeUndefined();
    expect(decideRestart(container({ Name: 'always' }), afterSeconds(1), true)).toBeUndefined();
  });

  test('decideRestart doubles the delay up to a minute and starts anew after a quiet run', () => {
    const restless = container({ Name: 'always' });
    restless.restartDelayMs = 100;
    expect(decideRestart(restless, afterSeconds(1), false)).toEqual({ delayMs: 200 });
    restless.restartDelayMs = 51_200;
    expect(decideRestart(restless, afterSeconds(1), false)).toEqual({ delayMs: 60_000 });
    expect(decideRestart(restless, afterSeconds(11), false)).toEqual({ delayMs: 100 });
  });
});
