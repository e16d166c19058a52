/** Bad input: a clear error with the original's status code, no crash, nothing half-made. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { mount, MS, unmount } from '@docker-ts/linux/mount';
import { mustRun, runCommand, waitFor } from '@docker-ts/testkit/command';
import { busyboxImage, imageArchive } from '@docker-ts/testkit/image-archive';
import { settleLeaks, takeCensus } from '@docker-ts/testkit/leaks';
import { Stack } from '@docker-ts/testkit/stack';
import { importBusybox } from './busybox.ts';

let stack: Stack;

beforeAll(async () => {
  stack = await Stack.open();
  await importBusybox(stack);
  await stack.mustDocker(['run', '--rm', 'busybox', 'true']); // what is made at first use is there now
}, 60_000);

afterAll(async () => {
  await stack[Symbol.asyncDispose]();
}, 60_000);

interface Answer {
  status: number;
  message: string;
}

async function call(
  method: string,
  path: string,
  body?: string,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(`http://docker${path}`, {
    method,
    unix: stack.dockerSocket,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body }),
  });
  const text = await response.text();
  let message = text;
  try {
    message = (JSON.parse(text) as { message?: string }).message ?? text;
  } catch {
    // told as it is
  }
  return { status: response.status, message };
}

describe('the Engine API', () => {
  test('the Engine API answers 404 for what is not there', async () => {
    expect(await call('GET', '/v1.51/containers/nothing/json')).toEqual({
      status: 404,
      message: 'No such container: nothing',
    });
    expect(await call('GET', '/v1.51/no/such/page')).toEqual({ status: 404, message: 'page not found' });
    expect(await call('GET', '/v1.51/images/nothing/json')).toEqual({
      status: 404,
      message: 'No such image: nothing:latest',
    });
    expect((await call('GET', '/v1.51/exec/nothing/json')).status).toBe(404);
  });

  test('the Engine API refuses versions out of its range', async () => {
    expect(await call('GET', '/v1.99/info')).toEqual({
      status: 400,
      message: 'client version 1.99 is too new. Maximum supported API version is 1.51',
    });
    expect((await call('GET', '/v1.10/info')).status).toBe(400);
  });

  test('the Engine API answers 400 to malformed bodies and lives on', async () => {
    for (const body of [
      '{',
      '[]',
      'null',
      '"x"',
      '{"Image": 7}',
      '{"Image":"busybox","HostConfig":{"Memory":"lots"}}',
      '{} {}',
      '',
    ]) {
      expect((await call('POST', '/v1.51/containers/create', body)).status).toBe(400);
    }
    if (stack.programs.flavour === 'upstream') return; // it has no limit
    const huge = `{"Image":"busybox","Cmd":["${'x'.repeat(20_000_000)}"]}`;
    const answer = await call('POST', '/v1.51/containers/create', huge);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect((await call('GET', '/_ping')).status).toBe(200);
    expect(await stack.mustDocker(['ps', '-aq'])).toBe('');
  });

  test('the Engine API refuses bad names, missing images and missing commands', async () => {
    const create = (query: string, body: object) =>
      call('POST', `/v1.51/containers/create${query}`, JSON.stringify(body));
    expect((await create('?name=b@d', { Image: 'busybox' })).message).toContain('Invalid container name (b@d)');
    expect(await create('', { Image: 'nothing' })).toEqual({ status: 404, message: 'No such image: nothing:latest' });
    expect((await create('', { Image: 'UPPER' })).status).toBe(400);
    expect((await create('', { Image: '' })).status).toBe(400);
    await stack.mustDocker(['create', '--name', 'taken', 'busybox']);
    const conflict = await create('?name=taken', { Image: 'busybox' });
    expect(conflict.status).toBe(409);
    expect(conflict.message).toContain('The container name "/taken" is already in use by container');
    await stack.mustDocker(['rm', 'taken']);
  });

  test('the Engine API names wrong moves in the life of a container', async () => {
    await stack.mustDocker(['run', '-d', '--name', 'alive', 'busybox', 'sleep', '600']);
    expect((await call('POST', '/v1.51/containers/alive/start')).status).toBe(304);
    expect((await call('DELETE', '/v1.51/containers/alive')).status).toBe(409);
    expect((await call('POST', '/v1.51/containers/alive/kill?signal=NOPE')).status).toBe(400);
    await stack.mustDocker(['stop', '-t', '0', 'alive']);
    expect((await call('POST', '/v1.51/containers/alive/stop')).status).toBe(304);
    expect((await call('POST', '/v1.51/containers/alive/kill')).status).toBe(409);
    expect((await call('POST', '/v1.51/containers/alive/exec', '{"Cmd":["true"]}')).status).toBe(409);
    await stack.mustDocker(['rm', 'alive']);
  });
});

describe('docker load', () => {
  test('docker load refuses what is no image archive and leaves no image', async () => {
    const folder = stack.scratch.join('broken');
    mkdirSync(folder);
    const file = (name: string, content: string | Uint8Array): string => {
      writeFileSync(`${folder}/${name}`, content);
      return `${folder}/${name}`;
    };
    const archive = `${folder}/good.tar`;
    const good = busyboxImage('busybox:latest').tar;
    writeFileSync(archive, good);
    await mustRun([
      'sh',
      '-c',
      `cd ${folder} && mkdir x && tar -xf good.tar -C x && find x -type f -size +500k -exec sh -c 'printf tampered | dd of={} bs=1 seek=5000 conv=notrunc 2>/dev/null' \\; && tar -cf tampered.tar -C x .`,
    ]);
    await stack.mustDocker(['rmi', 'busybox']);
    for (const path of [
      file('text', 'this is no tar archive'),
      file('short', good.subarray(0, good.length >> 1)),
      file('empty.tar', new Uint8Array(10_240)),
      `${folder}/tampered.tar`,
    ]) {
      const result = await stack.docker(['load', '-i', path]);
      expect({ path, failed: result.code !== 0 || /error|invalid/i.test(result.stdout + result.stderr) }).toEqual({
        path,
        failed: true,
      });
    }
    expect(await stack.mustDocker(['images', '-aq'])).toBe('');
    await stack.mustDocker(['load', '-i', archive]);
    expect(await stack.mustDocker(['run', '--rm', 'busybox', 'echo', 'whole'])).toBe('whole');
  });

  // the original keeps layers elsewhere
  test.skipIf(process.env['DOCKER_TS_AGAINST'] === 'upstream')(
    'docker load on a full disk says so, and works again when there is room',
    async () => {
      await stack[Symbol.asyncDispose]();
      stack = await Stack.open();
      const archive = stack.scratch.join('busybox.tar');
      writeFileSync(archive, busyboxImage('busybox:latest').tar);
      await stack.dockerd.stop();
      await stack.containerd.stop();
      const content = stack.scratch.join('c');
      mount('tmpfs', content, 'tmpfs', 0n, 'size=1200k');
      try {
        await stack.containerd.start();
        await stack.dockerd.start();
        const result = await stack.docker(['load', '-i', archive]);
        expect(result.stdout + result.stderr).toContain('no space left on device');
        expect(await stack.mustDocker(['images', '-aq'])).toBe('');
        mount('tmpfs', content, 'tmpfs', MS.REMOUNT, 'size=64m');
        await stack.mustDocker(['load', '-i', archive]);
        expect(await stack.mustDocker(['run', '--rm', 'busybox', 'echo', 'room again'])).toBe('room again');
      } finally {
        await stack.dockerd.stop();
        await stack.containerd.stop();
        unmount(content);
        await stack.containerd.start();
        await stack.dockerd.start();
        await importBusybox(stack);
      }
    },
  );
});

describe('a second daemon', () => {
  // the original takes the socket over
  test.skipIf(process.env['DOCKER_TS_AGAINST'] === 'upstream')(
    'a second daemon on the same socket or data root is refused and the first one stays',
    async () => {
      const { programs, scratch } = stack;
      const second = (...flags: string[]) =>
        runCommand([programs.dockerd, '--containerd', stack.containerdSocket, ...flags], { timeoutMs: 20_000 });
      const elsewhere = ['--exec-root', scratch.join('e2'), '--pidfile', scratch.join('p2')];
      const sameSocket = await second(
        '-H',
        `unix://${stack.dockerSocket}`,
        '--data-root',
        scratch.join('d2'),
        ...elsewhere,
      );
      expect(sameSocket.code).toBe(1);
      expect(sameSocket.stderr).toContain(stack.dockerSocket);
      const sameRoot = await second(
        '-H',
        `unix://${scratch.join('s2')}`,
        '--data-root',
        scratch.join('d'),
        ...elsewhere,
      );
      expect(sameRoot.code).toBe(1);
      expect(sameRoot.stderr).toContain(scratch.join('d'));
      const unknownFlag = await second('--no-such-flag');
      expect(unknownFlag.code).not.toBe(0);
      expect(unknownFlag.stderr).toContain('no-such-flag');
      const flags = ['--address', stack.containerdSocket, '--root', scratch.join('c2'), '--state', scratch.join('cs2')];
      const secondContainerd = await runCommand([programs.containerd, ...flags], { timeoutMs: 20_000 });
      expect(secondContainerd.code).toBe(1);
      expect((await stack.docker(['ps'])).code).toBe(0);
    },
  );
});

describe('a client that goes away', () => {
  test('a client that goes away in the middle of attach leaves the container running and readable', async () => {
    const script = 'i=0; while [ ! -e /stop ]; do i=$((i+1)); echo $i; sleep 0.01; done';
    await stack.mustDocker(['run', '-d', '-i', '--name', 'left', 'busybox', 'sh', '-c', script]);
    for (let i = 0; i < 5; i += 1) {
      const socket = connect(stack.dockerSocket);
      socket.on('error', () => {});
      socket.write(
        'POST /v1.51/containers/left/attach?stream=1&stdin=1&stdout=1&stderr=1 HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n',
      );
      await new Promise((resolve) => socket.once('data', resolve));
      socket.resetAndDestroy();
    }
    const lines = async (): Promise<number> => (await stack.mustDocker(['logs', 'left'])).split('\n').length;
    const seen = await lines();
    await waitFor('more output', async () => (await lines()) > seen + 10);
    await stack.mustDocker(['exec', 'left', 'touch', '/stop']);
    expect(await stack.mustDocker(['wait', 'left'])).toBe('0');
    await stack.mustDocker(['rm', 'left']);
  });

  test('a client that goes away in the middle of load leaves nothing', async () => {
    const stored = async (): Promise<string> => {
      const lists = [
        ['images', 'ls', '-q'],
        ['content', 'ls', '-q'],
        ['snapshots', 'ls'],
        ['leases', 'ls', '-q'],
      ];
      const results = await Promise.all(lists.map((list) => stack.ctr(['-n', 'moby', ...list])));
      return results.map(({ stdout }) => stdout).join('\n');
    };
    const before = await stored();
    const { tar } = imageArchive({
      tags: ['torn:1'],
      layers: [
        [{ name: 'first', content: 'a layer that arrives whole' }],
        [{ name: 'second', content: new Uint8Array(4_000_000).fill(7) }],
      ],
    });
    const socket = connect(stack.dockerSocket);
    socket.on('error', () => {});
    socket.write(
      `POST /v1.51/images/load HTTP/1.1\r\nHost: docker\r\nContent-Type: application/x-tar\r\nContent-Length: ${tar.length}\r\n\r\n`,
    );
    await new Promise((resolve) => socket.write(tar.subarray(0, tar.length >> 1), resolve));
    socket.destroy();
    await waitFor('the store to be as before', async () => (await stored()) === before);
  });
});

describe('failed containers', () => {
  test('failed containers leave no mount, network namespace, link, cgroup or process', async () => {
    const before = takeCensus();
    for (const [flags, command] of [
      [[], ['no-such-command']],
      [['--memory', '8m', '-u', 'nobody-here'], ['true']],
      [['-v', '/etc/hostname:/etc'], ['true']],
      [['--network', 'none', '-w', '/etc/passwd'], ['true']],
    ] as const) {
      const result = await stack.docker(['run', '--rm', ...flags, 'busybox', ...command]);
      expect(result.code).toBeGreaterThanOrEqual(125);
      expect(result.stderr).not.toBe('');
    }
    expect(await settleLeaks(before)).toEqual([]);
    expect(await stack.mustDocker(['ps', '-aq'])).toBe('');
  });
});
