import { CodedError, conflict, notFound, resourceExhausted } from '@docker-ts/base/errors';
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ContentDefinition } from './gen/containerd/services/content/v1/content.ts';
import { GrpcChannel } from './grpc-client.ts';
import { GrpcServer } from './grpc-server.ts';
import type { CallContext, ClientOf, ServiceImplementation } from './service.ts';

const folder = mkdtempSync(join(tmpdir(), 'grpc-'));
const path = join(folder, 'a.sock');

/** What the tests look at from outside. */
const seen: { abortReason?: unknown; waiting: boolean; produced: number; metadata: (string | undefined)[] } = {
  waiting: false,
  produced: 0,
  metadata: [],
};

const content: ServiceImplementation<typeof ContentDefinition> = {
  async info(request, context) {
    seen.metadata.push(context.metadata.get('containerd-namespace'));
    if (request.digest === 'missing') throw notFound('content "missing": not found');
    if (request.digest === 'in use') throw conflict('cannot delete content "in use": leased');
    if (request.digest === 'half') throw resourceExhausted('half \ud800 pair, 100% über');
    if (request.digest === 'defect') throw new TypeError('a defect');
    if (request.digest === 'slow') await untilAborted(context);
    return { info: { digest: request.digest, size: 1n << 60n, labels: { a: 'b' } } };
  },
  async update(request) {
    return { info: request.info };
  },
  async *list(_request, context) {
    yield { info: [{ digest: 'first' }] };
    await untilAborted(context);
  },
  async delete() {
    return {};
  },
  async *read(request) {
    for (let offset = 0n; offset < request.size; offset += 1024n * 1024n) {
      seen.produced += 1;
      yield { offset, data: new Uint8Array(1024 * 1024).fill(Number(offset >> 20n)) };
    }
    if (request.digest === 'breaks') throw notFound('the rest: not found');
  },
  async status() {
    return {};
  },
  async listStatuses() {
    return {};
  },
  async *write(requests) {
    let offset = 0n;
    for await (const request of requests) {
      if (request.ref === 'refused') throw resourceExhausted('no space left on device');
      if (request.ref === 'stop') return;
      offset += BigInt(request.data.length);
      yield { offset };
    }
    yield { offset, digest: 'sha256:done' };
  },
  async abort() {
    return {};
  },
};

async function untilAborted(context: CallContext): Promise<void> {
  seen.waiting = true;
  await new Promise<void>((resolve) => {
    if (context.signal.aborted) resolve();
    context.signal.addEventListener('abort', () => resolve());
  });
  seen.abortReason = context.signal.reason;
  context.signal.throwIfAborted();
}

async function failure(promise: Promise<unknown>): Promise<CodedError> {
  const error = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(error instanceof CodedError)) throw new Error(`expected a CodedError, got ${String(error)}`);
  return error;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await Bun.sleep(2);
}

const server = new GrpcServer({ onDefect: (method, error) => defects.push([method, error]) });
const defects: [string, unknown][] = [];
const channel = new GrpcChannel(path);
let client: ClientOf<typeof ContentDefinition>;

beforeAll(async () => {
  await server.register(ContentDefinition, content).listen(path, { mode: 0o600 });
  client = channel.client(ContentDefinition, { metadata: { 'containerd-namespace': 'moby' } });
});

afterAll(async () => {
  channel.close();
  await server.close();
  rmSync(folder, { recursive: true });
});

describe('unary', () => {
  test('a call carries request, metadata and response', async () => {
    const { info } = await client.info({ digest: 'sha256:x' });
    expect(info).toMatchObject({ digest: 'sha256:x', size: 1n << 60n, labels: { a: 'b' } });
    await client.info({ digest: 'y' }, { metadata: { 'containerd-namespace': 'other' } });
    expect(seen.metadata.splice(0)).toEqual(['moby', 'other']);
  });

  test('an error keeps its code and text on the way', async () => {
    expect(await failure(client.info({ digest: 'missing' }))).toMatchObject({
      code: 'not_found',
      message: 'content "missing": not found',
    });
    expect(await failure(client.info({ digest: 'in use' }))).toMatchObject({ code: 'conflict' });
    expect((await failure(client.info({ digest: 'half' }))).message).toBe('half \ufffd pair, 100% über');
  });

  test('an error without a code arrives as unknown and is reported as a defect', async () => {
    expect(await failure(client.info({ digest: 'defect' }))).toMatchObject({ code: 'unknown', message: 'a defect' });
    expect(defects).toHaveLength(1);
  });

  test('a signal cancels the call on both sides', async () => {
    const controller = new AbortController();
    delete seen.abortReason;
    seen.waiting = false;
    const call = failure(client.info({ digest: 'slow' }, { signal: controller.signal }));
    await until(() => seen.waiting);
    controller.abort();
    expect((await call).code).toBe('canceled');
    await until(() => seen.abortReason !== undefined);
    expect(seen.abortReason).toMatchObject({ code: 'canceled' });
    expect((await failure(client.info({ digest: 'x' }, { signal: controller.signal }))).code).toBe('canceled');
  });

  test('a deadline ends the call on both sides', async () => {
    delete seen.abortReason;
    expect((await failure(client.info({ digest: 'slow' }, { timeoutMs: 50 }))).code).toBe('deadline_exceeded');
    await until(() => seen.abortReason !== undefined);
  });

  test('a request of 5 MiB passes, one above 16 MiB is resource_exhausted and the connection goes on', async () => {
    const info = (bytes: number) => ({ info: { labels: { blob: 'x'.repeat(bytes) } } });
    expect((await client.update(info(5 << 20))).info?.labels['blob']).toHaveLength(5 << 20);
    expect((await failure(client.update(info(17 << 20)))).code).toBe('resource_exhausted');
    expect((await client.info({ digest: 'z' })).info?.digest).toBe('z');
  });

  test('200 calls at once are all answered', async () => {
    const answers = await Promise.all(Array.from({ length: 200 }, (_, i) => client.info({ digest: `${i}` })));
    expect(answers.map(({ info }) => info?.digest)).toEqual(Array.from({ length: 200 }, (_, i) => `${i}`));
  });
});

describe('streams', () => {
  test('a server stream arrives whole and in order', async () => {
    let expected = 0n;
    for await (const { offset, data } of client.read({ size: 20n << 20n })) {
      expect(offset).toBe(expected);
      expect(data[17]).toBe(Number(offset >> 20n));
      expected += BigInt(data.length);
    }
    expect(expected).toBe(20n << 20n);
  });

  test('an error ends a stream whose messages were read, and those before it are the first ones', async () => {
    const offsets: bigint[] = [];
    const read = async () => {
      for await (const { offset } of client.read({ digest: 'breaks', size: 2n << 20n })) offsets.push(offset);
    };
    expect((await failure(read())).code).toBe('not_found');
    expect(offsets).toEqual([0n, 1n << 20n].slice(0, offsets.length));
  });

  test('a reader that stops holds the writer back, and leaving cancels it', async () => {
    seen.produced = 0;
    for await (const { offset } of client.read({ size: 500n << 20n })) {
      expect(offset).toBe(0n);
      await Bun.sleep(100);
      expect(seen.produced).toBeLessThan(16);
      break;
    }
    await Bun.sleep(20);
    expect(seen.produced).toBeLessThan(16);
  });

  test('a signal ends a stream that has nothing to say', async () => {
    delete seen.abortReason;
    const controller = new AbortController();
    const read = async () => {
      for await (const { info } of client.list({}, { signal: controller.signal })) {
        expect(info[0]?.digest).toBe('first');
        controller.abort();
      }
    };
    expect((await failure(read())).code).toBe('canceled');
    await until(() => seen.abortReason !== undefined);
  });

  test('a duplex call answers each request and ends after the last', async () => {
    const call = client.write();
    const responses = call[Symbol.asyncIterator]();
    for (let i = 1; i <= 20; i += 1) {
      await call.send({ ref: 'x', data: new Uint8Array(1 << 20) });
      expect((await responses.next()).value).toMatchObject({ offset: BigInt(i) << 20n });
    }
    call.end();
    expect((await responses.next()).value).toMatchObject({ digest: 'sha256:done' });
    expect((await responses.next()).done).toBe(true);
  });

  test('a duplex call reports the refusal to the reader and to the writer', async () => {
    const call = client.write();
    await call.send({ ref: 'refused' });
    const responses = call[Symbol.asyncIterator]();
    expect((await failure(Promise.resolve(responses.next()))).message).toBe('no space left on device');
    expect((await failure(call.send({ ref: 'more' }))).code).toBe('resource_exhausted');
  });

  test('an implementation may stop reading and end well', async () => {
    const call = client.write();
    await call.send({ ref: 'stop' });
    for await (const response of call) throw new Error(`unexpected ${String(response.offset)}`);
  });
});

describe('channel', () => {
  test('a server that is not there is unavailable at once, and found when it comes', async () => {
    const late = join(folder, 'late.sock');
    using lateChannel = new GrpcChannel(late);
    const lateClient = lateChannel.client(ContentDefinition);
    const start = performance.now();
    expect((await failure(lateClient.info({}))).code).toBe('unavailable');
    expect(performance.now() - start).toBeLessThan(1000);
    expect((await failure(lateChannel.waitForReady(30))).code).toBe('deadline_exceeded');
    const waiting = lateChannel.client(ContentDefinition, { waitForReady: true }).info({ digest: 'w' });
    await using lateServer = new GrpcServer().register(ContentDefinition, content);
    await lateServer.listen(late);
    await lateChannel.waitForReady(5000);
    expect((await waiting).info?.digest).toBe('w');
    expect((await lateClient.info({ digest: 'x' })).info?.digest).toBe('x');
  });

  test('a server that closes ends its open streams and its connections', async () => {
    const brief = join(folder, 'brief.sock');
    const briefServer = new GrpcServer().register(ContentDefinition, content);
    await briefServer.listen(brief);
    using briefChannel = new GrpcChannel(brief);
    const read = async () => {
      for await (const _ of briefChannel.client(ContentDefinition).list({})) void briefServer.close();
    };
    expect((await failure(read())).code).toBe('unavailable');
    await using again = new GrpcServer().register(ContentDefinition, content);
    await again.listen(brief);
    await briefChannel.waitForReady(5000);
    expect((await briefChannel.client(ContentDefinition).info({ digest: 'x' })).info?.digest).toBe('x');
  });
});

describe('listen', () => {
  test('listen gives the socket its mode', () => {
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('listen refuses a socket with a server behind it and a file that is no socket', async () => {
    await using second = new GrpcServer();
    expect((await failure(second.listen(path))).code).toBe('already_exists');
    const file = join(folder, 'file');
    writeFileSync(file, '');
    expect((await failure(second.listen(file))).code).toBe('already_exists');
    expect((await failure(second.listen(join(folder, 'x'.repeat(120))))).code).toBe('invalid_argument');
  });

  test('listen replaces a socket that a dead server left', async () => {
    const stale = join(folder, 'stale.sock');
    const child = Bun.spawnSync([
      process.execPath,
      '-e',
      `Bun.listen({ unix: ${JSON.stringify(stale)}, socket: { data() {} } }); process.kill(process.pid, 'SIGKILL')`,
    ]);
    expect(child.signalCode).toBe('SIGKILL');
    await using again = new GrpcServer();
    await again.listen(stale);
  });
});
