import { describe, expect, test } from 'bun:test';
import { codeOf, messageOf } from '@docker-ts/base/errors';
import { type Operation, ProcessLife, type ProcessState } from './process-state.ts';

const operations: readonly Operation[] = [
  'start',
  'pause',
  'resume',
  'checkpoint',
  'update',
  'exec',
  'kill',
  'resize',
  'delete',
];

function lifeIn(state: ProcessState): ProcessLife {
  const life = new ProcessLife();
  if (state === 'running' || state === 'paused') life.moved('start');
  if (state === 'paused') life.moved('pause');
  if (state === 'stopped') life.exited();
  if (state === 'deleted') life.moved('delete');
  expect(life.state).toBe(state);
  return life;
}

describe('ProcessLife', () => {
  const allowed: Record<ProcessState, readonly Operation[]> = {
    created: ['start', 'update', 'exec', 'kill', 'resize', 'delete'],
    running: ['pause', 'checkpoint', 'update', 'exec', 'kill', 'resize'],
    paused: ['resume', 'checkpoint', 'update', 'kill', 'resize'],
    stopped: ['kill', 'delete'],
    deleted: [],
  };

  for (const [state, expected] of Object.entries(allowed) as [ProcessState, readonly Operation[]][]) {
    test(`allows in ${state}: ${expected.join(', ') || 'nothing'}`, () => {
      const passed = operations.filter((operation) => {
        try {
          lifeIn(state).require(operation);
          return true;
        } catch (error) {
          expect(codeOf(error)).toBe(state === 'deleted' ? 'not_found' : 'unknown');
          return false;
        }
      });
      expect(passed).toEqual([...expected]);
    });
  }

  test('refuses with the texts of the Go shim', () => {
    const refusal = (state: ProcessState, operation: Operation): string => {
      try {
        lifeIn(state).require(operation);
      } catch (error) {
        return messageOf(error);
      }
      return '';
    };
    expect(refusal('running', 'delete')).toBe('cannot delete a running process');
    expect(refusal('paused', 'pause')).toBe('cannot pause a paused container');
    expect(refusal('created', 'pause')).toBe('cannot pause task in created state');
    expect(refusal('running', 'resume')).toBe('cannot resume a running process');
    expect(refusal('stopped', 'exec')).toBe('cannot exec in a stopped state');
    expect(refusal('stopped', 'resize')).toBe('cannot resize a stopped container');
  });

  test('stays stopped when an operation that was under way succeeds after the exit', () => {
    const life = lifeIn('created');
    expect(life.exited()).toBe(true);
    expect(life.exited()).toBe(false);
    life.moved('start');
    expect(life.state).toBe('stopped');
    life.moved('delete');
    expect(life.state).toBe('deleted');
  });
});
