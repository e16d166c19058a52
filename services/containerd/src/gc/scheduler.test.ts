import { expect, test } from 'bun:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { defaultSchedulerSettings, GcScheduler, type SchedulerSettings } from './scheduler.ts';

function openScheduler(settings: Partial<SchedulerSettings>, collect: () => Promise<void> = async () => {}) {
  let count = 0;
  const errors: unknown[] = [];
  const scheduler = new GcScheduler({
    settings: { ...defaultSchedulerSettings, startupDelayMs: 60_000, ...settings },
    collect: async () => {
      count += 1;
      await collect();
      return { pauseMs: 0, removed: 0 };
    },
    onError: (error) => errors.push(error),
  });
  return { scheduler, errors, count: () => count };
}

test('collectNow settles after a collection that began later, and shares it with others who wait', async () => {
  const { scheduler, count } = openScheduler({});
  await using _ = scheduler;
  await Promise.all([scheduler.collectNow(), scheduler.collectNow()]);
  expect(count()).toBe(1);
});

test('collectNow asked while one runs waits for the next', async () => {
  const gate = Promise.withResolvers<void>();
  const { scheduler, count } = openScheduler({}, () => gate.promise);
  await using _ = scheduler;
  const first = scheduler.collectNow();
  while (count() === 0) await sleep(1);
  const second = scheduler.collectNow();
  await sleep(20);
  expect(count()).toBe(1);
  gate.resolve();
  await Promise.all([first, second]);
  expect(count()).toBe(2);
});

test('noteMutation schedules after deletions, and after many changes of any kind', async () => {
  const { scheduler, count } = openScheduler({ mutationThreshold: 3 });
  await using _ = scheduler;
  scheduler.noteMutation(false);
  scheduler.noteMutation(false);
  await sleep(30);
  expect(count()).toBe(0);
  scheduler.noteMutation(false);
  while (count() < 1) await sleep(1);
  scheduler.noteMutation(true);
  while (count() < 2) await sleep(5);
});

test('collectNow rejects when the collection fails, and the next one is tried', async () => {
  let failures = 0;
  const { scheduler, errors } = openScheduler({}, async () => {
    failures += 1;
    if (failures === 1) throw new Error('disk on fire');
  });
  await using _ = scheduler;
  let message = '';
  await scheduler.collectNow().catch((error: Error) => (message = error.message));
  expect(message).toBe('disk on fire');
  expect(errors.length).toBe(1);
  await scheduler.collectNow();
});
