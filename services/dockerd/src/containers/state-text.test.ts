import { expect, test } from 'bun:test';
import { formatTime, nowNs } from './clock.ts';
import { makeRecord } from './record-sample.ts';
import { describeState, humanDuration } from './state-text.ts';

test('humanDuration speaks as people do', () => {
  const cases: [number, string][] = [
    [0.5, 'Less than a second'],
    [1.5, '1 second'],
    [59, '59 seconds'],
    [61, 'About a minute'],
    [119, 'About a minute'],
    [120, '2 minutes'],
    [3600, 'About an hour'],
    [7200, '2 hours'],
    [3600 * 49, '2 days'],
    [86_400 * 20, '2 weeks'],
    [86_400 * 90, '3 months'],
    [86_400 * 800, '2 years'],
  ];
  for (const [seconds, text] of cases) expect(humanDuration(seconds)).toBe(text);
});

test('describeState tells each state', () => {
  const ago = formatTime(nowNs() - 5_000_000_000n);
  const { state } = makeRecord();
  expect(describeState(state)).toBe('Created');
  expect(describeState({ ...state, status: 'running', startedAt: ago })).toBe('Up 5 seconds');
  expect(describeState({ ...state, status: 'paused', startedAt: ago })).toBe('Up 5 seconds (Paused)');
  expect(describeState({ ...state, status: 'exited', exitCode: 3, finishedAt: ago })).toBe('Exited (3) 5 seconds ago');
});
