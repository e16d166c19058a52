/** Containers that share a shim, as those of a pod do, and what is left when they are gone: nothing. */
import { afterAll, expect, setDefaultTimeout, test } from 'bun:test';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { packAny } from '@docker-ts/rpc/any';
import { TaskExit } from '@docker-ts/rpc/gen/containerd/events/task';
import { Options } from '@docker-ts/rpc/gen/containerd/types/runc/options/oci';
import { settleLeaks, takeCensus } from '@docker-ts/testkit/leaks';
import { compiledShim, removeCompiledShim, ShimFixture } from './shim-fixture.ts';

setDefaultTimeout(60_000);
compiledShim();
afterAll(removeCompiledShim);

const groupAnnotation = 'io.kubernetes.cri.sandbox-id';

/** A second bundle beside the fixture's, of the same group, with a cgroup of its own. */
function secondBundle(shim: ShimFixture, id: string): string {
  const bundle = join(dirname(shim.bundle), id);
  mkdirSync(bundle);
  // not the whole bundle: a daemon's `log` is a FIFO, and what the first `start` left is not the second's
  for (const name of ['rootfs', 'config.json'])
    cpSync(join(shim.bundle, name), join(bundle, name), { recursive: true, verbatimSymlinks: true });
  const path = join(bundle, 'config.json');
  const spec = JSON.parse(readFileSync(path, 'utf8')) as { linux: { cgroupsPath: string } };
  spec.linux.cgroupsPath = `/docker-ts-${id}`;
  writeFileSync(path, JSON.stringify(spec));
  return bundle;
}

function startAgain(shim: ShimFixture, bundle: string, id: string): string {
  const daemon = shim.scratch.join('d');
  const flags = ['-namespace', 'shimtest', '-id', id, '-address', daemon, '-publish-binary', '/bin/false'];
  const { stdout, stderr, exitCode } = Bun.spawnSync([compiledShim(), ...flags, 'start'], {
    cwd: bundle,
    env: { ...process.env, TTRPC_ADDRESS: `${daemon}.ttrpc` },
  });
  expect(stderr.toString()).toBe('');
  expect(exitCode).toBe(0);
  return stdout.toString();
}

/** False for a zombie too: nobody may have waited for it yet. */
function isRunning(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`).length > 0;
  } catch {
    return false;
  }
}

test('a shim serves the containers of one group, keeps them apart, and goes with the last', async () => {
  const before = takeCensus();
  {
    const annotations = { [groupAnnotation]: `pod-${process.pid}` };
    await using shim = await ShimFixture.open({ args: ['sh', '-c', 'exit 3'], annotations });
    const { task, id: first } = shim;
    const second = `${first}-b`;
    const bundle = secondBundle(shim, second);
    expect(startAgain(shim, bundle, second)).toBe(`unix://${shim.socket}`);
    await shim.create();
    const binaryName = process.env['DOCKER_TS_TEST_RUNTIME'] ?? 'runc';
    const options = packAny(Options, { binaryName, root: shim.scratch.join('runtime') });
    await task.create({ id: second, bundle, options });
    await task.start({ id: second });
    await task.start({ id: first });
    expect([await task.wait({ id: first }), await task.wait({ id: second })]).toMatchObject([
      { exitStatus: 3 },
      { exitStatus: 3 },
    ]);
    await task.delete({ id: first });
    await task.shutdown({ id: first });
    // a shim that has a container does not go
    expect((await task.state({ id: second })).exitStatus).toBe(3);
    await task.delete({ id: second });
    for (let tries = 0; tries < 500 && shim.topics.filter((topic) => topic === 'delete').length < 2; tries += 1)
      await delay(10);
    const exits = shim.events.flatMap(({ topic, event }) => (topic === '/tasks/exit' && event ? [event] : []));
    expect(exits.map(({ value }) => TaskExit.decode(value).containerId).toSorted()).toEqual([first, second]);
    await task.shutdown({ id: second });
  }
  expect(await settleLeaks(before)).toEqual([]);
});

test('start takes the place of a shim that was killed and left its socket', async () => {
  const before = takeCensus();
  {
    await using shim = await ShimFixture.open({ args: ['true'] });
    const killed = shim.shimPid;
    process.kill(killed, 'SIGKILL');
    for (let tries = 0; tries < 500 && isRunning(killed); tries += 1) await delay(10);
    expect(existsSync(shim.socket)).toBe(true);
    expect(shim.startVerb()).toBe(`unix://${shim.socket}`);
    await shim.reconnect();
    shim.shimPid = (await shim.task.connect({ id: shim.id })).shimPid;
    expect(shim.shimPid).not.toBe(killed);
  }
  expect(await settleLeaks(before)).toEqual([]);
});

test('tasks with every kind of stdio leave no process, mount, cgroup, socket or folder', async () => {
  const before = takeCensus();
  for (const [index, script] of ['exit 0', 'echo x', 'sleep 100 & exit 1'].entries()) {
    await using shim = await ShimFixture.open({ args: ['sh', '-c', script] });
    const { task, id } = shim;
    const log = shim.scratch.join('logs', 'c-json.log');
    const live = shim.fifo('live');
    const stdout = [`file://${shim.scratch.join('out')}`, `json-file://${log}?live-stdout=${live}`, ''][index] ?? '';
    await shim.create({ stdout, stderr: stdout });
    await task.start({ id });
    await task.wait({ id });
    await task.delete({ id });
    await task.shutdown({ id });
  }
  expect(await settleLeaks(before)).toEqual([]);
});
