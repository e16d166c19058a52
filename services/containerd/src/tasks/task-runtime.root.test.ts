/** Tasks with the real containerd-shim-runc-v2 and runc, and with whatever shim DOCKER_TS_TEST_SHIM names. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { codeOf } from '@docker-ts/base/errors';
import { jsonType, packJson } from '@docker-ts/rpc/any';
import { TaskExit } from '@docker-ts/rpc/gen/containerd/events/task';
import { Status } from '@docker-ts/rpc/gen/containerd/types/task/task';
import { socketOf } from '../shims/dead-socket.ts';
import { namespace, specOf, TaskFixture } from './task-fixture.ts';

const shims = ['/usr/bin/containerd-shim-runc-v2', process.env['DOCKER_TS_TEST_SHIM'] ?? ''].filter(existsSync);
const noSignal = new AbortController().signal;
const named = (id: string, execId = '') => ({ namespace, id, execId });
/** False also for a zombie that nobody has reaped yet. */
const runs = (pid: number): boolean =>
  existsSync(`/proc/${pid}`) && !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
const silent = { stdin: '', stdout: '', stderr: '', terminal: false };

if (shims.length === 0) console.warn('SKIPPED: no shim is installed, tasks are not tested');

describe.each(shims)('TaskRuntime over %s', (shim) => {
  let fixture: TaskFixture;
  beforeEach(async () => {
    fixture = await TaskFixture.open(shim);
  });
  afterEach(async () => {
    const { scratch } = fixture;
    const left = (): string[] => readdirSync(scratch.join('state/io.containerd.runtime.v2.task', namespace));
    await fixture[Symbol.asyncDispose]();
    expect(existsSync(scratch.path) ? left() : []).toEqual([]);
  });

  const shimPid = async (id: string): Promise<number> =>
    (await fixture.supervisor.get(namespace, id)?.task.connect({ id }))?.shimPid ?? 0;

  test('TaskRuntime runs a task from create to delete', async () => {
    const pid = await fixture.create('a', ['sh', '-c', 'exit 7']);
    expect(pid).toBeGreaterThan(1);
    expect((await fixture.tasks.state(named('a'))).status).toBe(Status.CREATED);
    const exit = fixture.nextEvent('/tasks/exit');
    const waited = fixture.tasks.wait(named('a'), noSignal);
    expect(await fixture.tasks.start(named('a'))).toBe(pid);
    expect((await waited).exitStatus).toBe(7);
    expect(TaskExit.decode((await exit).event.value)).toMatchObject({ containerId: 'a', id: 'a', pid, exitStatus: 7 });
    expect((await fixture.tasks.state(named('a'))).status).toBe(Status.STOPPED);
    const deleted = await fixture.tasks.delete(named('a'));
    expect(deleted).toMatchObject({ pid, exitStatus: 7 });
    expect(fixture.supervisor.get(namespace, 'a')).toBeUndefined();
    expect(await fixture.tasks.state(named('a')).catch(codeOf)).toBe('not_found');
    // the id is free at once
    expect(await fixture.create('a', ['true'])).toBeGreaterThan(1);
  });

  test('TaskRuntime runs a second process, kills and deletes', async () => {
    await fixture.create('a', ['sleep', '100']);
    await fixture.tasks.start(named('a'));
    const spec = specOf('a', ['sh', '-c', 'exit 3']) as { process: object };
    await fixture.tasks.exec(named('a', 'e'), silent, packJson(jsonType.process, spec.process));
    const waited = fixture.tasks.wait(named('a', 'e'), noSignal);
    expect(await fixture.tasks.start(named('a', 'e'))).toBeGreaterThan(1);
    expect((await waited).exitStatus).toBe(3);
    expect((await fixture.tasks.deleteProcess(named('a', 'e'))).exitStatus).toBe(3);
    expect((await fixture.tasks.pids(named('a'))).length).toBe(1);
    expect(codeOf(await fixture.tasks.delete(named('a')).catch((error: unknown) => error))).not.toBe('not_found');
    const end = fixture.tasks.wait(named('a'), noSignal);
    await fixture.tasks.kill(named('a'), 9, false);
    expect((await end).exitStatus).toBe(137);
    expect((await fixture.tasks.list(namespace)).map(({ id }) => id)).toEqual(['a']);
  });

  test('TaskRuntime says what cannot be, and leaves nothing of it', async () => {
    expect(await fixture.tasks.start(named('nothing')).catch(codeOf)).toBe('not_found');
    const failed = await fixture.create('a', ['/no/such/program']).catch((error: unknown) => String(error));
    expect(failed).toContain('failed to create shim task');
    expect(fixture.supervisor.get(namespace, 'a')).toBeUndefined();
    await fixture.create('a', ['sleep', '100']);
    expect(await fixture.create('a', ['sleep', '100']).catch(codeOf)).toBe('already_exists');
    expect(await fixture.create('bad/id', ['true']).catch(codeOf)).toBe('invalid_argument');
    expect(await fixture.tasks.checkpoint(named('a')).catch(codeOf)).toBe('unimplemented');
    expect(await fixture.tasks.exec(named('a', 'no/good'), silent, undefined).catch(codeOf)).toBe('invalid_argument');
  });

  test('TaskRuntime finds its tasks again after a restart, the ended ones with status and time', async () => {
    await fixture.create('lives', ['sleep', '100']);
    await fixture.create('ends', ['sh', '-c', 'sleep 0.3; exit 9']);
    const waited = fixture.tasks.wait(named('ends'), noSignal);
    for (const id of ['lives', 'ends']) await fixture.tasks.start(named(id));
    const { exitedAt } = await waited;
    await fixture.restart();
    expect((await fixture.tasks.state(named('lives'))).status).toBe(Status.RUNNING);
    expect(await fixture.tasks.state(named('ends'))).toMatchObject({
      status: Status.STOPPED,
      exitStatus: 9,
      exitedAt,
    });
    // whoever subscribes only now is told, too
    const missed = TaskExit.decode((await fixture.nextEvent('/tasks/exit')).event.value);
    expect(missed).toMatchObject({ id: 'ends', exitStatus: 9 });
    expect(await fixture.tasks.delete(named('ends'))).toMatchObject({ exitStatus: 9 });
  });

  test('TaskRuntime buries a task whose shim is killed', async () => {
    const pid = await fixture.create('a', ['sleep', '100']);
    await fixture.tasks.start(named('a'));
    const events = Promise.all([fixture.nextEvent('/tasks/exit'), fixture.nextEvent('/tasks/delete')]);
    const waited = fixture.tasks.wait(named('a'), noSignal);
    const bundle = fixture.supervisor.get(namespace, 'a')?.bundle;
    const socket = (bundle && socketOf(bundle)) ?? '';
    expect(existsSync(socket)).toBe(true);
    process.kill(await shimPid('a'), 'SIGKILL');
    const [exit] = await events;
    expect(existsSync(socket)).toBe(false);
    expect(TaskExit.decode(exit.event.value)).toMatchObject({ id: 'a', pid, exitStatus: 137 });
    expect((await waited).exitStatus).toBe(137);
    expect(runs(pid)).toBe(false);
    expect(await fixture.tasks.state(named('a')).catch(codeOf)).toBe('not_found');
  });

  test('TaskRuntime buries at start what died while the daemon was down', async () => {
    const pid = await fixture.create('a', ['sleep', '100']);
    await fixture.tasks.start(named('a'));
    const shim = await shimPid('a');
    fixture.supervisor[Symbol.dispose]();
    process.kill(shim, 'SIGKILL');
    await fixture.restart();
    expect(runs(pid)).toBe(false);
    expect(TaskExit.decode((await fixture.nextEvent('/tasks/exit')).event.value)).toMatchObject({
      id: 'a',
      exitStatus: 137,
    });
    expect(fixture.supervisor.list()).toEqual([]);
  });
});
