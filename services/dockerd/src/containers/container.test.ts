import { describe, expect, test } from 'bun:test';
import { Container } from './container.ts';
import { makeRecord } from './record-sample.ts';

const forever = new AbortController().signal;

describe('Container.wait', () => {
  test('wait answers at once for one that does not run, and at the end of the run otherwise', async () => {
    const container = new Container(makeRecord());
    expect(await container.wait('not-running', forever)).toEqual({ exitCode: 0 });
    container.patchState({ status: 'running' });
    const waited = container.wait('not-running', forever);
    container.patchState({ status: 'exited', exitCode: 7 });
    container.announceExit();
    expect(await waited).toEqual({ exitCode: 7 });
  });

  test('wait for next-exit ignores the present state, for removed the exit', async () => {
    const container = new Container(makeRecord());
    const seen: string[] = [];
    const exit = container.wait('next-exit', forever).then(() => seen.push('exit'));
    const removal = container.wait('removed', forever).then(() => seen.push('removed'));
    container.announceExit();
    await exit;
    expect(seen).toEqual(['exit']);
    container.announceRemoval();
    await removal;
    expect(seen).toEqual(['exit', 'removed']);
  });

  test('wait gives up on the signal', () => {
    const controller = new AbortController();
    const waited = new Container(makeRecord()).wait('removed', controller.signal);
    controller.abort(new Error('left'));
    expect(waited).rejects.toThrow('left');
  });
});
