/** What a container and its history must survive: the death of either daemon, or both, at any time. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { waitFor } from '@docker-ts/testkit/command';
import { Stack } from '@docker-ts/testkit/stack';
import { importBusybox } from './busybox.ts';

let stack: Stack;

beforeAll(async () => {
  // the original keeps containers through its own restart only when asked to
  const flags = process.env['DOCKER_TS_AGAINST'] === 'upstream' ? ['--live-restore'] : [];
  stack = await Stack.open({ dockerdFlags: flags });
  await importBusybox(stack);
}, 60_000);

afterAll(async () => {
  await stack[Symbol.asyncDispose]();
}, 60_000);

const inspect = (name: string, format: string): Promise<string> => stack.mustDocker(['inspect', '-f', format, name]);

async function logLines(name: string): Promise<string[]> {
  return (await stack.mustDocker(['logs', name])).split('\n').filter(Boolean);
}

/** Prints 1, 2, 3 … as fast as a person could count ten times over, until told to stop. */
const counting = 'i=0; while [ ! -e /stop ]; do i=$((i+1)); echo $i; sleep 0.02; done; exit 23';

function expectUnbroken(lines: readonly string[]): void {
  expect(lines.length).toBeGreaterThan(0);
  expect(lines).toEqual(lines.map((_, i) => String(i + 1)));
}

const victims = {
  dockerd: async () => {
    await stack.dockerd.stop('SIGKILL');
  },
  containerd: async () => {
    await stack.containerd.stop('SIGKILL');
  },
  'both daemons': async () => {
    await Promise.all([stack.dockerd.stop('SIGKILL'), stack.containerd.stop('SIGKILL')]);
  },
};

async function bringBack(): Promise<void> {
  if (!stack.containerd.running) await stack.containerd.start();
  if (!stack.dockerd.running) await stack.dockerd.start();
  await waitFor('the stack', async () => (await stack.docker(['ps'])).code === 0);
}

describe('a running container', () => {
  for (const [victim, kill] of Object.entries(victims)) {
    test(`a running container outlives kill -9 of ${victim}: log, exec, stop and exit status are right`, async () => {
      const name = `counts-${victim.replace(' ', '-')}`;
      await stack.mustDocker(['run', '-d', '--name', name, 'busybox', 'sh', '-c', counting]);
      const pid = await inspect(name, '{{.State.Pid}}');
      await waitFor('some output', async () => (await logLines(name)).length > 5);
      await kill();
      expect(readFileSync(`/proc/${pid}/comm`, 'utf8')).toBe('sh\n');
      await Bun.sleep(300);
      await bringBack();
      expect(await inspect(name, '{{.State.Status}} {{.State.Pid}}')).toBe(`running ${pid}`);
      const seen = (await logLines(name)).length;
      await waitFor('more output', async () => (await logLines(name)).length > seen + 5);
      expect(await stack.mustDocker(['exec', name, 'sh', '-c', 'echo exec works >/proc/self/fd/1; touch /stop'])).toBe(
        'exec works',
      );
      expect(await stack.mustDocker(['wait', name])).toBe('23');
      expectUnbroken(await logLines(name));
      await stack.mustDocker(['rm', name]);
    });

    test(`a container that ends while ${victim} is dead has its exit code and finish time afterwards`, async () => {
      const name = `ends-${victim.replace(' ', '-')}`;
      const script = 'echo before; while [ ! -e /stop ]; do sleep 0.02; done; echo after; exit 42';
      await stack.mustDocker(['run', '-d', '--name', name, 'busybox', 'sh', '-c', script]);
      const pid = await inspect(name, '{{.State.Pid}}');
      await waitFor('some output', async () => (await logLines(name)).length === 1);
      await kill();
      await Bun.write(`/proc/${pid}/root/stop`, '');
      const goneBy = await waitFor('the end', () => {
        try {
          readFileSync(`/proc/${pid}/stat`);
          return undefined;
        } catch {
          return Date.now();
        }
      });
      await Bun.sleep(1200);
      await bringBack();
      await waitFor('the news', async () => (await inspect(name, '{{.State.Status}}')) === 'exited');
      expect(await inspect(name, '{{.State.ExitCode}}')).toBe('42');
      const finished = Date.parse(await inspect(name, '{{.State.FinishedAt}}'));
      expect(Math.abs(finished - goneBy)).toBeLessThan(1000);
      expect(await logLines(name)).toEqual(['before', 'after']);
      await stack.mustDocker(['rm', name]);
    });
  }

  test('a running container can be stopped after both daemons came back', async () => {
    await stack.mustDocker([
      'run',
      '-d',
      '--name',
      'stoppable',
      'busybox',
      'sh',
      '-c',
      'trap "exit 3" TERM; while :; do sleep 0.05; done',
    ]);
    await victims['both daemons']();
    await bringBack();
    await stack.mustDocker(['stop', 'stoppable']);
    expect(await inspect('stoppable', '{{.State.Status}} {{.State.ExitCode}}')).toBe('exited 3');
    await stack.mustDocker(['rm', 'stoppable']);
  });

  test('a running container that prints a flood never waits for a dead dockerd', async () => {
    const script = 'seq 1 300000; echo done >/flag; while [ ! -e /stop ]; do sleep 0.02; done';
    await stack.mustDocker([
      'run',
      '-d',
      '--name',
      'flood',
      'busybox',
      'sh',
      '-c',
      `while [ ! -e /go ]; do sleep 0.02; done; ${script}`,
    ]);
    const pid = await inspect('flood', '{{.State.Pid}}');
    await stack.dockerd.stop('SIGKILL');
    await Bun.write(`/proc/${pid}/root/go`, '');
    await waitFor('the flood to be over', () => Bun.file(`/proc/${pid}/root/flag`).exists(), 30_000);
    await bringBack();
    expectUnbroken(await logLines('flood'));
    await stack.mustDocker(['exec', 'flood', 'touch', '/stop']);
    expect(await stack.mustDocker(['wait', 'flood'])).toBe('0');
    await stack.mustDocker(['rm', 'flood']);
  });

  test('a container with --rm is gone after it ended while both daemons were dead', async () => {
    await stack.mustDocker(['run', '-d', '--rm', '--name', 'brief', 'busybox', 'sh', '-c', 'sleep 1']);
    const pid = await inspect('brief', '{{.State.Pid}}');
    await victims['both daemons']();
    await waitFor('the end', () => !Bun.spawnSync(['kill', '-0', pid], { stderr: 'ignore' }).success);
    await bringBack();
    await waitFor('the removal', async () => (await stack.mustDocker(['ps', '-aq'])) === '');
  });

  test('a container with --restart always comes back after it ended while dockerd was dead', async () => {
    await stack.mustDocker(['run', '-d', '--restart', 'always', '--name', 'phoenix', 'busybox', 'sleep', '600']);
    const pid = await inspect('phoenix', '{{.State.Pid}}');
    await stack.dockerd.stop('SIGKILL');
    process.kill(Number(pid), 'SIGKILL');
    await bringBack();
    await waitFor('the return', async () => {
      const state = await inspect('phoenix', '{{.State.Running}} {{.State.Pid}}');
      return state.startsWith('true') && state !== `true ${pid}`;
    });
    await stack.mustDocker(['rm', '-f', 'phoenix']);
  });
});

describe('docker run', () => {
  test('docker run killed half-way at many moments leaves nothing half-made', async () => {
    for (let delayMs = 0; delayMs <= 90; delayMs += 15) {
      const running = stack.docker(['run', '-d', '--name', `half-${delayMs}`, 'busybox', 'sleep', '600']);
      await Bun.sleep(delayMs);
      await victims['both daemons']();
      await running;
      await bringBack();
    }
    const ids = (await stack.mustDocker(['ps', '-aq'])).split('\n').filter(Boolean);
    for (const id of ids) {
      const [status, pid] = (await inspect(id, '{{.State.Status}} {{.State.Pid}}')).split(' ');
      expect(['created', 'running', 'exited']).toContain(status ?? '');
      expect(Number(pid) > 0).toBe(status === 'running');
    }
    if (ids.length > 0) await stack.mustDocker(['rm', '-f', ...ids]);
    const tasks = await stack.ctr(['-n', 'moby', 'tasks', 'ls', '-q']);
    expect(tasks.stdout).toBe('');
    expect((await stack.ctr(['-n', 'moby', 'containers', 'ls', '-q'])).stdout).toBe('');
  });
});
