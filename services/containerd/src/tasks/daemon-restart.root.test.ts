/** The whole daemon as its own process, killed without warning while a task runs and ends. */
import { expect, test } from 'bun:test';
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { jsonType, packJson } from '@docker-ts/rpc/any';
import { TaskExit } from '@docker-ts/rpc/gen/containerd/events/task';
import { ContainersDefinition } from '@docker-ts/rpc/gen/containerd/services/containers/v1/containers';
import { EventsDefinition } from '@docker-ts/rpc/gen/containerd/services/events/v1/events';
import { TasksDefinition } from '@docker-ts/rpc/gen/containerd/services/tasks/v1/tasks';
import { Status } from '@docker-ts/rpc/gen/containerd/types/task/task';
import { GrpcChannel } from '@docker-ts/rpc/grpc-client';
import { Daemon } from '@docker-ts/testkit/daemon';
import { Scratch } from '@docker-ts/testkit/scratch';
import { specOf } from './task-fixture.ts';

const shim = process.env['DOCKER_TS_TEST_SHIM'] ?? '/usr/bin/containerd-shim-runc-v2';
const limitMs = 20_000;

test(
  'containerd-ts tells after kill -9 and a restart how a task ended meanwhile',
  async () => {
    await using stack = new AsyncDisposableStack();
    const scratch = stack.use(new Scratch('daemon-restart'));
    const rootfs = scratch.join('rootfs');
    mkdirSync(join(rootfs, 'bin'), { recursive: true });
    mkdirSync(join(rootfs, 'proc'));
    copyFileSync('/usr/bin/busybox', join(rootfs, 'bin', 'sh'));
    const socket = scratch.join('c.sock');
    const folders = ['--address', socket, '--root', scratch.join('root'), '--state', scratch.join('state')];
    const channel = stack.use(new GrpcChannel(socket));
    const daemon = stack.use(
      new Daemon({
        name: 'containerd-ts',
        command: [process.execPath, join(import.meta.dir, '..', 'main.ts'), ...folders],
        logFile: scratch.join('log'),
        ready: () =>
          channel.waitForReady(100).then(
            () => true,
            () => false,
          ),
      }),
    );
    await daemon.start();
    const call = { metadata: { 'containerd-namespace': 'test' }, waitForReady: true };
    const containers = channel.client(ContainersDefinition, call);
    const tasks = channel.client(TasksDefinition, call);
    const name = { containerId: 'c' };

    const spec = packJson(jsonType.spec, specOf('restart', ['sh', '-c', 'sleep 0.5; exit 9']));
    await containers.create({ container: { id: 'c', runtime: { name: shim }, spec } });
    const mounts = [{ type: 'bind', source: rootfs, target: '', options: ['rbind', 'rw'] }];
    const { pid } = await tasks.create({ ...name, rootfs: mounts });
    await tasks.start(name);
    const before = Date.now();
    await daemon.stop('SIGKILL');
    await Bun.sleep(1000);
    await daemon.start();

    for await (const { topic, event } of channel.client(EventsDefinition, call).subscribe({ filters: [] })) {
      if (topic !== '/tasks/exit') continue;
      expect(TaskExit.decode(event?.value ?? new Uint8Array())).toMatchObject({ id: 'c', pid, exitStatus: 9 });
      break;
    }
    const { process: state } = await tasks.get(name);
    expect(state).toMatchObject({ status: Status.STOPPED, exitStatus: 9, pid });
    const exitedMs = Number(state?.exitedAt?.seconds ?? 0n) * 1000;
    expect(exitedMs).toBeGreaterThan(before - 1000);
    expect(exitedMs).toBeLessThan(before + 1000);
    expect(await tasks.delete(name)).toMatchObject({ exitStatus: 9, pid });
    await containers.delete({ id: 'c' });
  },
  limitMs,
);
