/** dockerd without `--containerd`: its own containerd, started by it, restarted by it, and taken over after a `kill -9` of dockerd. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { existsSync, readFileSync } from 'node:fs';
import { mustRun, waitFor } from '@docker-ts/testkit/command';
import { Daemon } from '@docker-ts/testkit/daemon';
import { programsUnderTest } from '@docker-ts/testkit/programs';
import { Scratch } from '@docker-ts/testkit/scratch';

const scratch = new Scratch('own');
const socket = scratch.join('docker.sock');
const pidFile = scratch.join('de/containerd/containerd.pid');
const containerdPid = (): number => Number(readFileSync(pidFile, 'utf8'));
const docker = (...args: string[]): Promise<string> =>
  mustRun(['docker', ...args], { env: { DOCKER_HOST: `unix://${socket}`, DOCKER_CONFIG: scratch.join('cli') } });
const dockerd = new Daemon({
  name: 'dockerd',
  command: [
    programsUnderTest().dockerd,
    '-H',
    `unix://${socket}`,
    `--data-root=${scratch.join('d')}`,
    `--exec-root=${scratch.join('de')}`,
    `--pidfile=${scratch.join('docker.pid')}`,
    `--bridge=dtso${process.pid % 100_000}`,
  ],
  logFile: scratch.join('dockerd.log'),
  ready: async () => existsSync(socket) && (await docker('version').then(Boolean, () => false)),
});

beforeAll(() => dockerd.start(), 60_000);

afterAll(async () => {
  await dockerd[Symbol.asyncDispose]();
  scratch[Symbol.dispose]();
}, 60_000);

describe('dockerd with a containerd of its own', () => {
  test('dockerd takes over the containerd of one that was killed, and stops it at its own end', async () => {
    const pid = containerdPid();
    // not `stop`, which waits for the end of the output that containerd still holds
    process.kill(dockerd.pid, 'SIGKILL');
    await waitFor('the end of dockerd', () => !dockerd.running);
    expect(existsSync(`/proc/${pid}`)).toBe(true);
    await dockerd.start();
    expect(containerdPid()).toBe(pid);
    expect(await docker('info', '--format', '{{.Driver}}')).toContain('overlay');
    await dockerd.stop();
    expect(existsSync(`/proc/${pid}/exe`)).toBe(false);
    expect(existsSync(pidFile)).toBe(false);
    expect(readFileSync(scratch.join('dockerd.log'), 'utf8')).not.toContain('starting it again');
    await dockerd.start();
  });

  test('dockerd starts its containerd again when that was killed', async () => {
    const pid = containerdPid();
    process.kill(pid, 'SIGKILL');
    await waitFor('another containerd', () => containerdPid() !== pid);
    await waitFor('an answer', () => docker('images', '-q').then(() => true));
  });
});
