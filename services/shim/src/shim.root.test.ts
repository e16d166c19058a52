/** The compiled shim with a real runtime, over its socket. */
import { afterAll, afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { FifoHolder } from '@docker-ts/linux/fifo';
import { readMountInfo } from '@docker-ts/linux/mount';
import { DeleteResponse } from '@docker-ts/rpc/gen/containerd/runtime/task/v3/shim';
import { TaskExit } from '@docker-ts/rpc/gen/containerd/events/task';
import { Status } from '@docker-ts/rpc/gen/containerd/types/task/task';
import { compiledShim, execSpec, type FixtureOptions, removeCompiledShim, ShimFixture } from './shim-fixture.ts';

setDefaultTimeout(60_000);
compiledShim();

let shim: ShimFixture;
const start = async (options: FixtureOptions): Promise<ShimFixture> => (shim = await ShimFixture.open(options));
const shell = (script: string): FixtureOptions => ({ args: ['sh', '-c', script] });

afterEach(async () => shim[Symbol.asyncDispose]());
afterAll(removeCompiledShim);

/** What a call is refused with. */
async function refusalOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => undefined,
    (error: unknown) => error,
  );
}

/** Everything that comes out of a FIFO until its writers are gone. */
async function readAll(path: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const file = await open(path, 'r');
  for (;;) {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(65536));
    if (bytesRead === 0) break;
    chunks.push(buffer.subarray(0, bytesRead));
  }
  await file.close();
  return Buffer.concat(chunks);
}

describe('a task', () => {
  test('goes through create, start, wait and delete, with its events in order', async () => {
    await start(shell('exit 3'));
    const { id, task } = shim;
    const pid = await shim.create();
    expect(pid).toBeGreaterThan(1);
    expect(await task.state({ id })).toMatchObject({
      id,
      pid,
      status: Status.CREATED,
      exitedAt: { seconds: -62135596800n },
    });
    const waiting = task.wait({ id });
    expect((await task.start({ id })).pid).toBe(pid);
    const { exitStatus, exitedAt } = await waiting;
    expect(exitStatus).toBe(3);
    expect(exitedAt?.seconds).toBeGreaterThan(1_700_000_000n);
    expect((await task.state({ id })).status).toBe(Status.STOPPED);
    expect(await task.delete({ id })).toMatchObject({ pid, exitStatus: 3, exitedAt });
    await shim.event('delete');
    expect(shim.topics).toEqual(['create', 'start', 'exit', 'delete']);
    expect(await refusalOf(task.state({ id }))).toMatchObject({ code: 'not_found' });
  });

  test('that is killed reports 128 and the signal; running it cannot be deleted; dead it cannot be killed', async () => {
    await start({ args: ['sleep', '100'] });
    const { id, task } = shim;
    await shim.create();
    await task.start({ id });
    expect(await refusalOf(task.delete({ id }))).toMatchObject({
      code: 'unknown',
      message: 'cannot delete a running process',
    });
    await task.kill({ id, signal: 9 });
    expect((await task.wait({ id })).exitStatus).toBe(137);
    expect(await refusalOf(task.kill({ id, signal: 9 }))).toMatchObject({ code: 'not_found' });
  });

  test('is paused and resumed, counted, listed and updated', async () => {
    await start({ args: ['sleep', '100'] });
    const { id, task } = shim;
    const pid = await shim.create();
    await task.start({ id });
    await task.pause({ id });
    expect((await task.state({ id })).status).toBe(Status.PAUSED);
    expect(await refusalOf(task.pause({ id }))).toMatchObject({ message: 'cannot pause a paused container' });
    await task.resume({ id });
    expect((await task.state({ id })).status).toBe(Status.RUNNING);
    expect((await task.pids({ id })).processes.map((entry) => entry.pid)).toEqual([pid]);
    const { stats } = await task.stats({ id });
    expect(stats?.typeUrl).toMatch(/^io\.containerd\.cgroups\.v[12]\.Metrics$/);
    const resources = { typeUrl: '', value: Buffer.from(JSON.stringify({ pids: { limit: 77 } })) };
    await task.update({ id, resources });
    await shim.event('resumed');
    expect(shim.topics).toEqual(['create', 'start', 'paused', 'resumed']);
  });

  test('that the runtime refuses fails with its reason and leaves nothing', async () => {
    await start({ args: ['no-such-program'] });
    expect(await refusalOf(shim.create())).toMatchObject({
      code: 'unknown',
      message: expect.stringMatching(/^OCI runtime create failed: .*no-such-program/) as unknown,
    });
    expect(await refusalOf(shim.task.state({ id: shim.id }))).toMatchObject({ code: 'not_found' });
    expect(readMountInfo().filter(({ mountPoint }) => mountPoint.startsWith(shim.bundle))).toEqual([]);
  });

  test('that is dead before the runtime returns loses no exit, fifty times', async () => {
    await start({ args: ['sleep', '100'] });
    const { id, task } = shim;
    await shim.create();
    await task.start({ id });
    const run = async (number: number): Promise<void> => {
      const execId = `quick${number}`;
      await task.exec({ id, execId, spec: execSpec('sh', '-c', `exit ${number}`) });
      await task.start({ id, execId });
      expect((await task.wait({ id, execId })).exitStatus).toBe(number);
      await task.delete({ id, execId });
    };
    for (let number = 0; number < 50; number += 5)
      await Promise.all([0, 1, 2, 3, 4].map((offset) => run(number + offset)));
    await task.kill({ id, signal: 9 });
    await shim.event('exit');
    await delay(200);
    const order = new Map<string, string[]>();
    for (const { topic, event } of shim.events) {
      if (topic === '/tasks/exit') {
        const exit = TaskExit.decode(event!.value);
        order.set(exit.id, [...(order.get(exit.id) ?? []), 'exit']);
      }
    }
    expect(order.size).toBe(51);
    expect([...order.values()].every((exits) => exits.length === 1)).toBe(true);
    expect(shim.topics.indexOf('exec-started')).toBeLessThan(shim.topics.indexOf('exit'));
  });
});

describe('output', () => {
  test('to FIFOs arrives whole and in both streams', async () => {
    await start(shell('echo out; echo err >&2'));
    const { id, task } = shim;
    const [stdout, stderr] = [shim.fifo('out'), shim.fifo('err')];
    const reading = Promise.all([readAll(stdout), readAll(stderr)]);
    await shim.create({ stdout, stderr });
    await task.start({ id });
    await task.wait({ id });
    await task.delete({ id });
    expect((await reading).map(String)).toEqual(['out\n', 'err\n']);
  });

  test('of ten megabytes to a slow reader loses nothing', async () => {
    await start(
      shell(
        'i=0; while [ $i -lt 10 ]; do dd if=/dev/zero bs=1048576 count=1 2>/dev/null; i=$((i+1)); done; yes | head -c 1000',
      ),
    );
    const { id, task } = shim;
    const stdout = shim.fifo('out');
    const holder = new FifoHolder(stdout);
    await shim.create({ stdout });
    await task.start({ id });
    await delay(300);
    const reading = readAll(stdout);
    holder[Symbol.dispose]();
    await task.wait({ id });
    await task.delete({ id });
    const expected = Buffer.concat([Buffer.alloc(10 * 1024 * 1024), Buffer.from('y\n'.repeat(500))]);
    const digest = (bytes: Buffer): string => createHash('md5').update(bytes).digest('hex');
    expect(digest(await reading)).toBe(digest(expected));
  });

  test('that nobody has read stays in the FIFO until the task is deleted', async () => {
    await start(shell('echo kept'));
    const { id, task } = shim;
    const stdout = shim.fifo('out');
    const holder = new FifoHolder(stdout);
    await shim.create({ stdout });
    holder[Symbol.dispose]();
    await task.start({ id });
    await task.wait({ id });
    await delay(100);
    const again = new FifoHolder(stdout);
    const reading = readAll(stdout);
    await task.delete({ id });
    again[Symbol.dispose]();
    expect(String(await reading)).toBe('kept\n');
  });

  test('to file:// is appended by both streams', async () => {
    await start(shell('echo out; echo err >&2'));
    const { id, task } = shim;
    const file = shim.scratch.join('logs', 'both.log');
    await shim.create({ stdout: `file://${file}`, stderr: `file://${file}` });
    await task.start({ id });
    await task.wait({ id });
    await task.delete({ id });
    expect(readFileSync(file, 'utf8').split('\n').toSorted()).toEqual(['', 'err', 'out']);
  });

  test('to binary:// goes to the logger with its environment', async () => {
    await start(shell('echo logged'));
    const { id, task } = shim;
    const file = shim.scratch.join('logger.out');
    const script = shim.scratch.join('logger');
    await Bun.write(
      script,
      `#!/bin/sh\nexec 5>&-\necho "$CONTAINER_ID $CONTAINER_NAMESPACE $*" > ${file}\ncat <&3 >> ${file}\n`,
    );
    Bun.spawnSync(['chmod', '755', script]);
    await shim.create({ stdout: `binary://${script}?key=value` });
    await task.start({ id });
    await task.wait({ id });
    await task.delete({ id });
    expect(readFileSync(file, 'utf8')).toBe(`${id} shimtest key value\nlogged\n`);
  });
});

describe('json-file output', () => {
  const address = (file: string, live?: string): string =>
    `json-file://${file}?max-size=200000&max-file=3${live ? `&live-stdout=${live}&live-stderr=${live}` : ''}&attrs=${encodeURIComponent('{"a":"b"}')}`;

  test('is logged as Docker does and shown live while somebody reads', async () => {
    await start(shell('echo one; echo two >&2; printf rest'));
    const { id, task } = shim;
    const [file, live] = [shim.scratch.join('x-json.log'), shim.fifo('live')];
    const holder = new FifoHolder(live);
    const reading = readAll(live);
    await shim.create({ stdout: address(file, live), stderr: address(file, live) });
    await task.start({ id });
    await task.wait({ id });
    await task.delete({ id });
    holder[Symbol.dispose]();
    // two streams into one FIFO: in any order
    const shown = String(await reading);
    expect([shown.length, ...['one\n', 'two\n', 'rest'].map((text) => shown.includes(text))]).toEqual([
      12,
      true,
      true,
      true,
    ]);
    const lines = readFileSync(file, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, string>);
    expect(lines.map(({ log, stream }) => `${stream}:${log}`).toSorted()).toEqual([
      'stderr:two\n',
      'stdout:one\n',
      'stdout:rest',
    ]);
    expect(Object.keys(lines[0]!)).toEqual(['log', 'stream', 'attrs', 'time']);
  });

  test('goes on without a reader, without a daemon, and rotates', async () => {
    await start(shell('seq 1 20000'));
    const { id, task } = shim;
    const [file, live] = [shim.scratch.join('x-json.log'), shim.fifo('live')];
    await shim.create({ stdout: address(file, live), stderr: address(file, live) });
    await task.start({ id });
    shim.disconnect();
    await delay(500);
    await shim.reconnect();
    expect((await shim.task.wait({ id })).exitStatus).toBe(0);
    await shim.task.delete({ id });
    expect(existsSync(`${file}.2`)).toBe(true);
    expect(existsSync(`${file}.3`)).toBe(false);
    expect(statSync(`${file}.1`).size).toBeLessThan(200_300);
    expect(readFileSync(file, 'utf8')).toContain('"log":"20000\\n"');
  });

  test('waits for a reader that is slow and drops what one that is gone has not taken', async () => {
    await start(shell('seq 1 40000; echo end'));
    const { id, task } = shim;
    const [file, live] = [shim.scratch.join('x-json.log'), shim.fifo('live')];
    const holder = new FifoHolder(live);
    await shim.create({ stdout: address(file, live), stderr: address(file, live) });
    await task.start({ id });
    await delay(300);
    expect((await task.state({ id })).status).toBe(Status.RUNNING);
    holder[Symbol.dispose]();
    expect((await task.wait({ id })).exitStatus).toBe(0);
    await task.delete({ id });
    expect(readFileSync(file, 'utf8')).toContain('"log":"end\\n"');
  });
});

describe('input', () => {
  test('reaches the process and ends with CloseIO', async () => {
    await start({ args: ['md5sum'] });
    const { id, task } = shim;
    const [stdin, stdout] = [shim.fifo('in'), shim.fifo('out')];
    const reading = readAll(stdout);
    await shim.create({ stdin, stdout });
    await task.start({ id });
    const bytes = Buffer.alloc(3_000_000, 'x');
    const writer = await open(stdin, 'w');
    await writer.writeFile(bytes);
    await writer.close();
    await delay(50);
    expect((await task.state({ id })).status).toBe(Status.RUNNING);
    await task.closeIO({ id, stdin: true });
    expect((await task.wait({ id })).exitStatus).toBe(0);
    await task.delete({ id });
    expect(String(await reading)).toStartWith(createHash('md5').update(bytes).digest('hex'));
  });

  test('and output pass through a terminal, which can be resized', async () => {
    await start({ ...shell('read line; stty size; echo "got $line"; exit 4'), terminal: true });
    const { id, task } = shim;
    const [stdin, stdout] = [shim.fifo('in'), shim.fifo('out')];
    const reading = readAll(stdout);
    await shim.create({ stdin, stdout });
    await task.resizePty({ id, width: 101, height: 37 });
    await task.start({ id });
    const writer = await open(stdin, 'w');
    await writer.write('typed\n');
    expect((await task.wait({ id })).exitStatus).toBe(4);
    await writer.close();
    await task.delete({ id });
    expect(String(await reading)).toBe('typed\r\n37 101\r\ngot typed\r\n');
  });
});

describe('an exec', () => {
  beforeEach(async () => {
    await start({ args: ['sleep', '100'] });
    await shim.create();
    await shim.task.start({ id: shim.id });
  });

  test('has its own output, status and events', async () => {
    const { id, task } = shim;
    const stdout = shim.fifo('out');
    const reading = readAll(stdout);
    await task.exec({ id, execId: 'e1', stdout, spec: execSpec('sh', '-c', 'echo inside; exit 5') });
    expect(await refusalOf(task.exec({ id, execId: 'e1', spec: execSpec('true') }))).toMatchObject({
      code: 'already_exists',
    });
    expect(await refusalOf(task.kill({ id, execId: 'e1', signal: 9 }))).toMatchObject({ code: 'failed_precondition' });
    const { pid } = await task.start({ id, execId: 'e1' });
    expect(pid).toBeGreaterThan(1);
    expect((await task.wait({ id, execId: 'e1' })).exitStatus).toBe(5);
    expect(await task.state({ id, execId: 'e1' })).toMatchObject({ id: 'e1', status: Status.STOPPED, exitStatus: 5 });
    await task.delete({ id, execId: 'e1' });
    expect(String(await reading)).toBe('inside\n');
    expect(shim.topics).toEqual(['create', 'start', 'exec-added', 'exec-started', 'exit']);
    expect(await refusalOf(task.state({ id, execId: 'e1' }))).toMatchObject({ code: 'not_found' });
  });

  test('has a terminal of its own and is killed by its pid', async () => {
    const { id, task } = shim;
    const stdout = shim.fifo('out');
    const reading = readAll(stdout);
    await task.exec({ id, execId: 'tty', terminal: true, stdout, spec: execSpec('sh', '-c', 'echo ready; sleep 100') });
    await task.start({ id, execId: 'tty' });
    await task.kill({ id, execId: 'tty', signal: 15 });
    expect((await task.wait({ id, execId: 'tty' })).exitStatus).toBe(143);
    await task.delete({ id, execId: 'tty' });
    expect(['ready\r\n', '']).toContain(String(await reading));
  });

  test('whose input is closed before it starts sees the end of it', async () => {
    const { id, task } = shim;
    const [stdin, stdout, stderr] = [shim.fifo('in'), shim.fifo('out'), shim.fifo('err')];
    const reading = Promise.all([readAll(stdout), readAll(stderr)]);
    await task.exec({ id, execId: 'e', stdin, stdout, stderr, spec: execSpec('md5sum') });
    await task.closeIO({ id, execId: 'e', stdin: true });
    await task.start({ id, execId: 'e' });
    expect((await task.wait({ id, execId: 'e' })).exitStatus).toBe(0);
    await task.delete({ id, execId: 'e' });
    expect(String((await reading)[0])).toStartWith('d41d8cd98f00b204e9800998ecf8427e');
  });

  test('that cannot start says why', async () => {
    const { id, task } = shim;
    await task.exec({ id, execId: 'bad', spec: execSpec('no-such-program') });
    expect(await refusalOf(task.start({ id, execId: 'bad' }))).toMatchObject({
      message: expect.stringMatching(/^OCI runtime exec failed: .*no-such-program/) as unknown,
    });
    await task.delete({ id, execId: 'bad' });
  });

  test('ends before its init does, in the events', async () => {
    const { id, task } = shim;
    await task.exec({ id, execId: 'long', spec: execSpec('sleep', '100') });
    await task.start({ id, execId: 'long' });
    await task.kill({ id, signal: 9 });
    await task.wait({ id });
    await shim.event('exit');
    await delay(100);
    const ids = shim.events
      .filter(({ topic }) => topic === '/tasks/exit')
      .map(({ event }) => TaskExit.decode(event!.value).id);
    expect(ids).toEqual(['long', id]);
  });
});

describe('the shim', () => {
  test('answers start in the dialect of the daemon, and with the same shim for the same group', async () => {
    await start({ args: ['true'] });
    const address = `unix://${shim.socket}`;
    expect(shim.startVerb()).toBe(address);
    expect(JSON.parse(shim.startVerb({ MAX_SHIM_VERSION: '2' }))).toEqual({ version: 2, address, protocol: 'ttrpc' });
    expect(JSON.parse(shim.startVerb({ MAX_SHIM_VERSION: '3' }))).toEqual({ version: 3, address, protocol: 'ttrpc' });
    expect(statSync(shim.socket).mode & 0o777).toBe(0o600);
  });

  test('is one, however many starts come at once', async () => {
    await start({ args: ['true'] });
    process.kill(shim.shimPid, 'SIGKILL');
    const starts = Array.from({ length: 4 }, () => shim.startVerbAsync());
    expect(new Set(await Promise.all(starts))).toEqual(new Set([`unix://${shim.socket}`]));
    await shim.reconnect();
    shim.shimPid = (await shim.task.connect({ id: shim.id })).shimPid;
    const shims = readdirSync('/proc').filter((pid) => commandLine(pid).includes(`\0${shim.id}\0`));
    expect(shims).toEqual([String(shim.shimPid)]);
  });

  test('holds nothing of a finished task and goes with Shutdown', async () => {
    await start(shell('echo x'));
    const { id, task } = shim;
    const before = readdirSync(`/proc/${shim.shimPid}/fd`).length;
    const stdout = shim.fifo('out');
    const reading = readAll(stdout);
    await shim.create({ stdout });
    await task.start({ id });
    await task.wait({ id });
    await task.delete({ id });
    await reading;
    await delay(100);
    // the connection for events, and eventfds of Bun's own
    expect(readdirSync(`/proc/${shim.shimPid}/fd`).length).toBeLessThanOrEqual(before + 3);
    await task.shutdown({ id });
    for (let tries = 0; tries < 100 && existsSync(shim.socket); tries += 1) await delay(10);
    expect(existsSync(shim.socket)).toBe(false);
  });

  test('stays while it has a container, though told to shut down', async () => {
    await start({ args: ['sleep', '100'] });
    await shim.create();
    await shim.task.shutdown({ id: shim.id });
    await delay(200);
    expect((await shim.task.state({ id: shim.id })).status).toBe(Status.CREATED);
  });

  test('that was killed is buried by delete, container and all', async () => {
    await start({ args: ['sleep', '100'] });
    const pid = await shim.create();
    await shim.task.start({ id: shim.id });
    process.kill(shim.shimPid, 'SIGKILL');
    const answer = DeleteResponse.decode(shim.deleteVerb());
    expect(answer).toMatchObject({ pid, exitStatus: 137 });
    for (let tries = 0; tries < 100 && isAlive(pid); tries += 1) await delay(10);
    expect(isAlive(pid)).toBe(false);
  });

  test('leaves its containers alone when it gets SIGTERM', async () => {
    await start({ args: ['sleep', '100'] });
    const pid = await shim.create();
    await shim.task.start({ id: shim.id });
    process.kill(shim.shimPid, 'SIGTERM');
    for (let tries = 0; tries < 500 && existsSync(shim.socket); tries += 1) await delay(10);
    expect(existsSync(shim.socket)).toBe(false);
    expect(isAlive(pid)).toBe(true);
  });
});

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
