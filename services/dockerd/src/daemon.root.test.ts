/**
 * The daemon on the containerd that the machine has, driven by the real docker client: the seam to other people's programs, with
 * the plain FIFOs of a shim that knows nothing of ours.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { copyFileSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { type CommandOptions, mustRun, runCommand, waitFor } from '@docker-ts/testkit/command';
import { Daemon } from '@docker-ts/testkit/daemon';
import { Scratch } from '@docker-ts/testkit/scratch';

const containerdPath = Bun.which('containerd');
const dockerPath = Bun.which('docker');
const busyboxPath = '/usr/bin/busybox';
const isPossible =
  process.getuid?.() === 0 && containerdPath !== null && dockerPath !== null && existsSync(busyboxPath);
if (!isPossible) console.warn('SKIPPED: needs root, containerd, docker and a static busybox');

const scratch = new Scratch('dockerd');
const containerdSocket = scratch.join('c.sock');
const socket = scratch.join('d.sock');
const env = { DOCKER_HOST: `unix://${socket}`, DOCKER_CONFIG: scratch.join('cli') };

const answers = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => resolve(probe.end() !== undefined));
    probe.once('error', () => resolve(false));
  });

const containerd = new Daemon({
  name: 'containerd',
  command: [containerdPath ?? '', '-c', scratch.join('c.toml')],
  logFile: scratch.join('c.log'),
  ready: () => answers(containerdSocket),
});
const dockerd = new Daemon({
  name: 'dockerd',
  command: [
    process.execPath,
    join(import.meta.dir, 'main.ts'),
    '--containerd',
    containerdSocket,
    '--host',
    `unix://${socket}`,
    '--bridge',
    `dtsr${process.pid % 100_000}`,
    '--data-root',
    scratch.join('d'),
    '--exec-root',
    scratch.join('e'),
    '--pidfile',
    scratch.join('d.pid'),
  ],
  logFile: scratch.join('d.log'),
  ready: () => answers(socket),
});

const docker = (args: readonly string[], options: CommandOptions = {}) =>
  runCommand(['docker', ...args], { env, ...options });
const mustDocker = async (args: readonly string[], options: CommandOptions = {}): Promise<string> =>
  (await mustRun(['docker', ...args], { env, ...options })).trimEnd();

async function importBusybox(): Promise<void> {
  const bin = scratch.join('rootfs/bin');
  mkdirSync(bin, { recursive: true });
  copyFileSync(busyboxPath, join(bin, 'busybox'));
  for (const name of ['sh', 'echo', 'cat', 'sleep', 'true', 'seq', 'md5sum', 'touch'])
    symlinkSync('busybox', join(bin, name));
  await mustRun(['tar', '-cf', scratch.join('rootfs.tar'), '-C', scratch.join('rootfs'), '.']);
  await mustDocker(['import', '--change', 'CMD ["sh"]', scratch.join('rootfs.tar'), 'busybox:latest']);
}

beforeAll(async () => {
  if (!isPossible) return;
  const config = [
    'version = 2',
    `root = "${scratch.join('c')}"`,
    `state = "${scratch.join('cs')}"`,
    'disabled_plugins = ["io.containerd.grpc.v1.cri"]',
    `[grpc]\naddress = "${containerdSocket}"`,
    `[ttrpc]\naddress = "${containerdSocket}.ttrpc"`,
  ];
  writeFileSync(scratch.join('c.toml'), `${config.join('\n')}\n`);
  await containerd.start();
  await dockerd.start();
  await importBusybox();
}, 60_000);

afterAll(async () => {
  if (isPossible) {
    if (!dockerd.running) await dockerd.start();
    const ids = (await mustDocker(['ps', '-aq'])).split('\n').filter(Boolean);
    if (ids.length > 0) await mustDocker(['rm', '-f', ...ids]);
    await dockerd.stop();
    await containerd.stop();
  }
  scratch[Symbol.dispose]();
}, 60_000);

const run = (command: readonly string[], options: CommandOptions = {}) =>
  docker(['run', '--rm', '-i', '--network', 'none', 'busybox', ...command], options);

describe.skipIf(!isPossible)('dockerd-ts on another containerd', () => {
  test('docker run passes streams and exit codes through', async () => {
    expect(await run(['sh', '-c', 'cat; echo err >&2; exit 7'], { stdin: 'in\n' })).toEqual({
      code: 7,
      stdout: 'in\n',
      stderr: 'err\n',
    });
  }, 30_000);

  test('docker run loses nothing of a large input and output', async () => {
    const text = Array.from({ length: 300_000 }, (_, i) => `${i}\n`).join('');
    expect((await run(['cat'], { stdin: text })).stdout).toBe(text);
  }, 30_000);

  test('docker run tells of a command that is not there by 127', async () => {
    const result = await run(['nothing-of-that-name']);
    expect(result.stderr).toContain('exec: "nothing-of-that-name": executable file not found in $PATH');
    expect(result.code).toBe(127);
    expect(await mustDocker(['ps', '-aq'])).toBe('');
  }, 30_000);

  test('docker exec, logs, stop and rm work on a container whose daemon was killed and started again', async () => {
    await mustDocker([
      'run',
      '-d',
      '--name',
      'lasting',
      '--network',
      'none',
      'busybox',
      'sh',
      '-c',
      'echo one; sleep 600',
    ]);
    await waitFor('output', async () => (await docker(['logs', 'lasting'])).stdout === 'one\n');
    await dockerd.stop('SIGKILL');
    await dockerd.start();
    expect(await mustDocker(['exec', 'lasting', 'echo', 'inside'])).toBe('inside');
    expect((await docker(['exec', 'lasting', 'sh', '-c', 'exit 9'])).code).toBe(9);
    expect(await mustDocker(['logs', 'lasting'])).toBe('one');
    await mustDocker(['stop', '-t', '0', 'lasting']);
    expect(await mustDocker(['inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', 'lasting'])).toBe('exited 137');
    await mustDocker(['rm', 'lasting']);
  }, 30_000);

  test('docker wait and inspect know the end that nobody watched', async () => {
    await mustDocker([
      'run',
      '-d',
      '--name',
      'ending',
      '--network',
      'none',
      'busybox',
      'sh',
      '-c',
      'sleep 0.5; exit 42',
    ]);
    await Promise.all([dockerd.stop('SIGKILL'), containerd.stop('SIGKILL')]);
    await Bun.sleep(1000);
    await containerd.start();
    await dockerd.start();
    expect(await mustDocker(['wait', 'ending'])).toBe('42');
    await mustDocker(['rm', 'ending']);
  }, 30_000);

  test('requests fail at once while containerd is away, and work again when it is back', async () => {
    await containerd.stop('SIGKILL');
    const result = await run(['true']);
    expect(result.code).toBe(125);
    expect(result.stderr).toContain('containerd');
    expect((await docker(['ps'])).code).toBe(0);
    await containerd.start();
    await waitFor('containerd', async () => (await run(['true'])).code === 0);
  }, 30_000);
});
