/**
 * Many clients at once: containers are created, started, exec'd into, renamed, stopped, killed and removed in a random order (of a
 * fixed seed), several clients at the same containers. Whatever the answers are, nothing may be left and the daemons must go on.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { connect } from 'node:net';
import { readFileSync } from 'node:fs';
import { waitFor } from '@docker-ts/testkit/command';
import { settleLeaks, takeCensus } from '@docker-ts/testkit/leaks';
import { Stack } from '@docker-ts/testkit/stack';
import { importBusybox } from './busybox.ts';

const clients = 6;
const names = ['red', 'green', 'blue', 'black', 'white'];
const movesPerClient = 100;
const seed = 20_260_101;

let stack: Stack;

beforeAll(async () => {
  stack = await Stack.open();
  await importBusybox(stack);
  await stack.mustDocker(['run', '--rm', 'busybox', 'true']); // what is made at first use is there now
}, 60_000);

afterAll(async () => {
  await stack[Symbol.asyncDispose]();
}, 60_000);

/** mulberry32: small, and the same everywhere. */
function randomNumbers(start: number): (below: number) => number {
  let state = start;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

interface Answer {
  readonly status: number;
  readonly body: { readonly Id?: string; readonly message?: string };
}

async function call(method: string, path: string, body?: object): Promise<Answer> {
  const response = await fetch(`http://docker/v1.51${path}`, {
    method,
    unix: stack.dockerSocket,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    signal: AbortSignal.timeout(20_000),
  });
  const text = await response.text();
  return { status: response.status, body: text.startsWith('{') ? (JSON.parse(text) as Answer['body']) : {} };
}

/** What a client may do to the container of a name; each answers what the daemon did. */
const moves: readonly ((name: string, random: (below: number) => number) => Promise<Answer>)[] = [
  (name, random) =>
    call('POST', `/containers/create?name=${name}`, {
      Image: 'busybox',
      Cmd: [['sleep', '60'], ['sh', '-c', 'echo out; exit 3'], ['no-such-program']][random(3)],
      HostConfig: {
        NetworkMode: ['none', 'bridge'][random(2)],
        AutoRemove: random(3) === 0,
        Init: random(2) === 0,
      },
    }),
  (name) => call('POST', `/containers/${name}/start`),
  (name) => call('POST', `/containers/${name}/start`),
  async (name) => {
    const made = await call('POST', `/containers/${name}/exec`, { Cmd: ['echo', 'hi'], AttachStdout: true });
    return made.body.Id === undefined ? made : call('POST', `/exec/${made.body.Id}/start`, { Detach: true });
  },
  (name) => call('POST', `/containers/${name}/kill`),
  (name) => call('POST', `/containers/${name}/stop?t=0`),
  (name) => call('POST', `/containers/${name}/restart?t=0`),
  (name) => call('POST', `/containers/${name}/pause`),
  (name) => call('POST', `/containers/${name}/unpause`),
  (name, random) => call('POST', `/containers/${name}/rename?name=${names[random(names.length)]}`),
  (name, random) => call('DELETE', `/containers/${name}?force=${random(2)}`),
  (name) => call('GET', `/containers/${name}/json`),
];

async function client(number: number, statuses: Map<number, number>, faults: string[]): Promise<void> {
  const random = randomNumbers(seed + number);
  for (let count = 0; count < movesPerClient; count += 1) {
    const move = moves[random(moves.length)] ?? moves[0];
    const name = names[random(names.length)] ?? 'red';
    const { status, body } = (await move?.(name, random)) ?? { status: 0, body: {} };
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    if (status >= 500 && !isFair(body.message ?? '')) faults.push(`${status} ${body.message}`);
  }
}

/** What another client's move in the middle of one's own makes of it: the runtime's words and 500, as the original has it. */
const isFair = (message: string): boolean =>
  /OCI runtime (?:exec|pause|resume) failed|not paused|(?:stopped|paused) (?:container|state)/.test(message);

describe('the daemons under many clients', () => {
  test('the daemons keep their order when six clients work on the same containers', async () => {
    const before = takeCensus();
    const statuses = new Map<number, number>();
    const faults: string[] = [];
    await Promise.all(Array.from({ length: clients }, (_, number) => client(number, statuses, faults)));
    expect(faults).toEqual([]);
    // it was no test if everything had been refused
    expect(statuses.get(204) ?? 0).toBeGreaterThan(clients * 5);
    const left = (await stack.mustDocker(['ps', '-aq'])).split('\n').filter(Boolean);
    await Promise.all(left.map((id) => call('DELETE', `/containers/${id}?force=1`)));
    expect(await stack.mustDocker(['ps', '-aq'])).toBe('');
    expect(await settleLeaks(before)).toEqual([]);
    for (const kind of ['tasks', 'containers', 'snapshots'])
      await waitFor(`no more ${kind} in containerd`, async () => {
        const { stdout } = await stack.ctr(['-n', 'moby', kind, 'ls', ...(kind === 'snapshots' ? [] : ['-q'])]);
        return kind === 'snapshots' ? !stdout.includes('Active') : stdout.trim() === '';
      });
    expect(await stack.mustDocker(['run', '--rm', 'busybox', 'echo', 'still there'])).toBe('still there');
    for (const log of ['dockerd.log', 'containerd.log'])
      expect(readFileSync(stack.scratch.join(log), 'utf8')).not.toMatch(/uncaught|unhandled/i);
  }, 60_000);

  test('a client that attaches and reads nothing keeps no container from being removed', async () => {
    await stack.mustDocker(['create', '--name', 'chatty', '--network', 'none', 'busybox', 'yes', 'x'.repeat(1000)]);
    const stuck = connect(stack.dockerSocket);
    stuck.write(
      'POST /v1.51/containers/chatty/attach?stream=1&stdout=1 HTTP/1.1\r\n' +
        'Host: docker\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 0\r\n\r\n',
    );
    await new Promise((resolve) => stuck.once('readable', resolve));
    await stack.mustDocker(['start', 'chatty']);
    await Bun.sleep(300);
    await stack.mustDocker(['rm', '-f', 'chatty'], { timeoutMs: 15_000 });
    stuck.destroy();
    expect(await stack.mustDocker(['ps', '-aq'])).toBe('');
  }, 30_000);
});
