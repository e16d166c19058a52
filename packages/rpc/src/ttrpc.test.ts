import { CodedError, conflict, notFound } from '@docker-ts/base/errors';
import { UnixSocket } from '@docker-ts/linux/unix-socket';
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KeyValue, Request, Response } from './gen/ttrpc/request.ts';
import type { CallContext, ClientOf, ServiceImplementation } from './service.ts';
import { TtrpcClient } from './ttrpc-client.ts';
import { encodeFrame, type Frame, FrameDecoder, frameFlag, frameType, maxDataBytes } from './ttrpc-frame.ts';
import { TtrpcServer } from './ttrpc-server.ts';

const message = { requestType: KeyValue, responseType: KeyValue };
const EchoDefinition = {
  name: 'Echo',
  fullName: 'test.Echo',
  methods: {
    one: { name: 'One', ...message, requestStream: false, responseStream: false },
    many: { name: 'Many', ...message, requestStream: false, responseStream: true },
    sum: { name: 'Sum', ...message, requestStream: true, responseStream: false },
    both: { name: 'Both', ...message, requestStream: true, responseStream: true },
  },
} as const;

const folder = mkdtempSync(join(tmpdir(), 'ttrpc-'));
const path = join(folder, 'a.sock');
const seen = { waiting: false, produced: 0, abortReason: undefined as unknown, finally: 0 };
const defects: unknown[] = [];

async function untilAborted(context: CallContext): Promise<void> {
  const { signal } = context;
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve());
    seen.waiting = true;
  });
  seen.abortReason = signal.reason;
  signal.throwIfAborted();
}

const echo: ServiceImplementation<typeof EchoDefinition> = {
  async one({ key, value }, context) {
    if (key === 'missing') throw notFound('container not created');
    if (key === 'conflict') throw conflict('cannot do it');
    if (key === 'defect') throw new TypeError('a defect');
    if (key === 'wait') await untilAborted(context);
    if (key === 'sleep') await Bun.sleep(Number(value));
    if (key === 'metadata') return { value: context.metadata.get(value) ?? '' };
    if (key === 'size') return { value: 'x'.repeat(Number(value)) };
    return { key, value };
  },
  async *many({ key, value }) {
    try {
      for (let i = 0; i < Number(value); i += 1) {
        seen.produced += 1;
        yield { key, value: key === 'big' ? 'x'.repeat(1 << 20) : `${i}` };
      }
      if (key === 'breaks') throw notFound('the rest: not found');
    } finally {
      seen.finally += 1;
    }
  },
  async sum(requests) {
    let sum = 0;
    for await (const { key, value } of requests) {
      if (key === 'refuse') throw conflict('cannot count');
      sum += Number(value);
    }
    return { key: 'sum', value: `${sum}` };
  },
  async *both(requests, context) {
    for await (const { key, value } of requests) {
      if (key === 'wait') await untilAborted(context);
      if (key === 'stop') return;
      yield { key, value };
    }
    yield { key: 'end' };
  },
};

async function failure(promise: Promise<unknown>): Promise<CodedError> {
  const error = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(error instanceof CodedError)) throw new Error(`expected a CodedError, got ${String(error)}`);
  return error;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await Bun.sleep(1);
}

async function collect<T>(messages: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const message of messages) all.push(message);
  return all;
}

const server = new TtrpcServer({ onDefect: (_method, error) => defects.push(error) });
let connection: TtrpcClient;
let client: ClientOf<typeof EchoDefinition>;

beforeAll(async () => {
  await server.register(EchoDefinition, echo).listen(path);
  connection = await TtrpcClient.connect(path);
  client = connection.client(EchoDefinition, { metadata: { 'containerd-namespace-ttrpc': 'moby' } });
});

afterAll(async () => {
  connection.close();
  await server.close();
  rmSync(folder, { recursive: true });
});

describe('unary', () => {
  test('a call carries request, response and metadata', async () => {
    expect(await client.one({ key: 'a', value: 'ü' })).toEqual({ key: 'a', value: 'ü' });
    const namespace = { key: 'metadata', value: 'containerd-namespace-ttrpc' };
    expect((await client.one(namespace)).value).toBe('moby');
    const metadata = { 'Containerd-Namespace-Ttrpc': 'k8s.io' };
    expect((await client.one(namespace, { metadata })).value).toBe('moby');
    expect((await client.one(namespace, { metadata: { 'containerd-namespace-ttrpc': 'k8s.io' } })).value).toBe(
      'k8s.io',
    );
  });

  test('an error keeps its code and text, and its whole status as the cause', async () => {
    const error = await failure(client.one({ key: 'missing' }));
    expect(error).toMatchObject({ code: 'not_found', message: 'container not created' });
    expect(error.cause).toEqual({ code: 5, message: 'container not created', details: [] });
    expect(await failure(client.one({ key: 'conflict' }))).toMatchObject({ code: 'conflict' });
    expect(await failure(client.one({ key: 'defect' }))).toMatchObject({ code: 'unknown', message: 'a defect' });
    expect(defects.splice(0)).toHaveLength(1);
  });

  test('calls are answered in the order in which they finish', async () => {
    const order: string[] = [];
    await Promise.all(
      ['30', '0', '15'].map(async (value) => order.push((await client.one({ key: 'sleep', value })).value)),
    );
    expect(order).toEqual(['0', '15', '30']);
    const answers = await Promise.all(Array.from({ length: 500 }, (_, i) => client.one({ value: `${i}` })));
    expect(answers.map(({ value }) => Number(value))).toEqual(Array.from({ length: 500 }, (_, i) => i));
  });

  test('a deadline ends the call on both sides', async () => {
    seen.abortReason = undefined;
    expect((await failure(client.one({ key: 'wait' }, { timeoutMs: 30 }))).code).toBe('deadline_exceeded');
    await until(() => seen.abortReason !== undefined);
    expect(seen.abortReason).toMatchObject({ code: 'deadline_exceeded' });
  });

  test('a signal ends the call here, before or while it runs', async () => {
    const controller = new AbortController();
    const call = failure(client.one({ key: 'sleep', value: '50' }, { signal: controller.signal }));
    controller.abort('enough');
    expect(await call).toMatchObject({ code: 'canceled', cause: 'enough' });
    expect((await failure(client.one({}, { signal: controller.signal }))).code).toBe('canceled');
    expect((await client.one({ key: 'x' })).key).toBe('x');
  });

  test('messages up to the limit pass; above it they are resource_exhausted and the connection goes on', async () => {
    const value = 'x'.repeat(maxDataBytes - 200);
    expect((await client.one({ value })).value).toHaveLength(value.length);
    expect(await failure(client.one({ value: 'x'.repeat(maxDataBytes) }))).toMatchObject({
      code: 'resource_exhausted',
      message: expect.stringMatching(/^message length 41943\d\d exceed maximum message size of 4194304$/),
    });
    expect((await failure(client.one({ key: 'size', value: `${5 << 20}` }))).code).toBe('resource_exhausted');
    expect((await client.one({ key: 'x' })).key).toBe('x');
  });

  test('unknown services and methods are unimplemented in the words of Go', async () => {
    const other = connection.client({ ...EchoDefinition, fullName: 'test.Other' });
    expect(await failure(other.one({}))).toMatchObject({ code: 'unimplemented', message: 'service test.Other' });
    const methods = { ...EchoDefinition.methods, one: { ...EchoDefinition.methods.one, name: 'Two' } } as const;
    const renamed = connection.client({ ...EchoDefinition, methods });
    expect(await failure(renamed.one({}))).toMatchObject({ code: 'unimplemented', message: 'method Two' });
  });
});

describe('streams', () => {
  test('a server stream arrives whole, and an error after its messages', async () => {
    expect((await collect(client.many({ value: '100' }))).map(({ value }) => Number(value))).toEqual(
      Array.from({ length: 100 }, (_, i) => i),
    );
    expect(await collect(client.many({ value: '0' }))).toEqual([]);
    const values: string[] = [];
    const read = async () => {
      for await (const { value } of client.many({ key: 'breaks', value: '3' })) values.push(value);
    };
    expect((await failure(read())).message).toBe('the rest: not found');
    expect(values).toEqual(['0', '1', '2']);
  });

  test('a slow reader holds the writer back', async () => {
    seen.produced = 0;
    let count = 0;
    for await (const { value } of client.many({ key: 'big', value: '40' })) {
      expect(value).toHaveLength(1 << 20);
      if (count === 0) {
        await Bun.sleep(100);
        expect(seen.produced).toBeLessThan(16);
      }
      count += 1;
    }
    expect(count).toBe(40);
  });

  test('a stream that nobody reads is given up and does not stall the others', async () => {
    const forgotten = client.many({ key: 'big', value: '40' })[Symbol.asyncIterator]();
    await Bun.sleep(100);
    expect((await client.one({ key: 'x' })).key).toBe('x');
    let read = 0;
    const rest = async () => {
      while (!(await forgotten.next()).done) read += 1;
    };
    expect((await failure(rest())).message).toBe('ttrpc: stream buffer full');
    expect(read).toBeGreaterThan(0);
    expect(read).toBeLessThan(40);
  });

  test('a client stream gets one answer, or its refusal', async () => {
    const sum = client.sum();
    for (const value of ['1', '2', '3']) await sum.send({ value });
    expect(await sum.finish()).toEqual({ key: 'sum', value: '6' });
    expect((await client.sum().finish()).value).toBe('0');
    const refused = client.sum();
    await refused.send({ key: 'refuse' });
    expect((await failure(refused.finish())).code).toBe('conflict');
  });

  test('a duplex stream carries messages both ways and ends on both sides', async () => {
    const call = client.both();
    const responses = call[Symbol.asyncIterator]();
    for (const value of ['1', '', '3']) {
      await call.send({ value });
      expect((await responses.next()).value).toEqual({ key: '', value });
    }
    call.end();
    expect(await failure(call.send({}))).toMatchObject({ code: 'failed_precondition' });
    expect((await responses.next()).value).toEqual({ key: 'end', value: '' });
    expect((await responses.next()).done).toBe(true);
    const stopped = client.both();
    await stopped.send({ key: 'stop' });
    expect(await collect(stopped)).toEqual([]);
  });

  test('leaving a duplex stream early ends it for the server too', async () => {
    const call = client.both();
    await call.send({ key: 'a' });
    for await (const { key } of call) {
      expect(key).toBe('a');
      break;
    }
    expect((await client.one({ key: 'x' })).key).toBe('x');
  });
});

describe('connection', () => {
  test('listen gives the socket mode 0600 and refuses a socket that is served', async () => {
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await using second = new TtrpcServer();
    expect((await failure(second.listen(path))).code).toBe('already_exists');
  });

  test('connect fails with unavailable where nobody listens', async () => {
    expect((await failure(TtrpcClient.connect(join(folder, 'nobody')))).code).toBe('unavailable');
  });

  test('a connection that closes fails its open calls with "ttrpc: closed" and aborts them on the server', async () => {
    const brief = await TtrpcClient.connect(path);
    const briefClient = brief.client(EchoDefinition);
    seen.waiting = false;
    seen.abortReason = undefined;
    const calls = [failure(briefClient.one({ key: 'wait' })), failure(collect(briefClient.both()))];
    await until(() => seen.waiting);
    brief.close();
    await brief.closed;
    for (const error of await Promise.all(calls))
      expect(error).toMatchObject({ code: 'unavailable', message: 'ttrpc: closed' });
    expect((await failure(briefClient.one({}))).message).toBe('ttrpc: closed');
    expect((await failure(collect(briefClient.many({})))).message).toBe('ttrpc: closed');
    await until(() => seen.abortReason !== undefined);
    expect(seen.abortReason).toMatchObject({ code: 'canceled' });
  });

  test('a server that closes lets open calls answer, then the connections end', async () => {
    const file = join(folder, 'closing');
    const closing = new TtrpcServer().register(EchoDefinition, echo);
    await closing.listen(file);
    using last = await TtrpcClient.connect(file);
    const slow = last.client(EchoDefinition).one({ key: 'sleep', value: '40' });
    seen.waiting = false;
    const waiting = failure(last.client(EchoDefinition).one({ key: 'wait' }));
    await until(() => seen.waiting);
    expect(closing.connectionCount).toBe(1);
    await closing.close();
    expect((await slow).value).toBe('40');
    expect((await waiting).code).toBe('unavailable');
    await last.closed;
    await until(() => closing.connectionCount === 0);
    expect((await failure(TtrpcClient.connect(file))).code).toBe('unavailable');
  });

  test('a client that takes no answers is not read from until it does', async () => {
    const deaf = await UnixSocket.connect(path);
    let answered = 0;
    deaf.events = { data: (bytes) => (answered += bytes.length), drain: () => {}, close: () => {} };
    deaf.pause();
    const payload = KeyValue.encode({ key: 'size', value: `${1 << 20}` }).finish();
    const metadata = [{ key: 'padding', value: 'x'.repeat(1 << 16) }];
    const request = Request.encode(Request.create({ service: 'test.Echo', method: 'One', payload, metadata })).finish();
    for (let i = 0; i < 40; i += 1) {
      deaf.write(encodeFrame(1 + 2 * i, frameType.request, 0, request));
      await Bun.sleep(1);
    }
    expect(deaf.pendingBytes).toBeGreaterThan(0);
    expect((await client.one({ key: 'x' })).key).toBe('x');
    deaf.resume();
    await until(() => answered >= 40 << 20);
    deaf.destroy();
    await until(() => server.connectionCount === 1);
  });

  test('a client that dies while it is held back is noticed', async () => {
    const script = `
      const socket = await Bun.connect({ unix: ${JSON.stringify(path)}, socket: { data() {} } });
      socket.pause();
      socket.write(Buffer.from(${JSON.stringify(Buffer.from(floodOf(20)).toString('base64'))}, 'base64'));
      setTimeout(() => process.kill(process.pid, 'SIGKILL'), 50);`;
    const child = Bun.spawn([process.execPath, '-e', script]);
    await until(() => server.connectionCount === 2);
    await child.exited;
    await until(() => server.connectionCount === 1);
  });
});

/** Requests for answers of 1 MiB each. */
function floodOf(count: number): Uint8Array {
  const payload = KeyValue.encode({ key: 'size', value: `${1 << 20}` }).finish();
  const request = Request.encode(Request.create({ service: 'test.Echo', method: 'One', payload })).finish();
  return Buffer.concat(Array.from({ length: count }, (_, i) => encodeFrame(1 + 2 * i, frameType.request, 0, request)));
}

describe('rules', () => {
  /** A bare connection, to break the rules on. */
  async function bare() {
    const frames: Frame[] = [];
    const decoder = new FrameDecoder();
    const socket = await UnixSocket.connect(path);
    socket.events = { data: (bytes) => frames.push(...decoder.push(bytes)), drain: () => {}, close: () => {} };
    const answer = async (streamId: number) => {
      const find = () => frames.findIndex((frame) => frame.streamId === streamId);
      await until(() => find() >= 0);
      const [frame] = frames.splice(find(), 1);
      return { type: frame!.type, flags: frame!.flags, ...Response.decode(frame!.data!) };
    };
    const request = (method: string, key: string) =>
      Request.encode(
        Request.create({ service: 'test.Echo', method, payload: KeyValue.encode({ key, value: '' }).finish() }),
      ).finish();
    return { socket, frames, answer, request };
  }

  test('stream ids must be odd, new and rising', async () => {
    const { socket, answer, request } = await bare();
    socket.write(encodeFrame(2, frameType.request, 0, request('One', 'a')));
    expect((await answer(2)).status).toMatchObject({
      code: 3,
      message: 'StreamID must be odd for client initiated streams',
    });
    socket.write(encodeFrame(7, frameType.request, 0, request('One', 'a')));
    expect((await answer(7)).status).toBeUndefined();
    for (const id of [7, 5]) {
      socket.write(encodeFrame(id, frameType.request, 0, request('One', 'a')));
      expect((await answer(id)).status?.message).toBe('StreamID cannot be re-used and must increment');
    }
    socket.destroy();
  });

  test('frames that make no sense are refused or ignored, and the connection goes on', async () => {
    const { socket, answer, request } = await bare();
    socket.write(encodeFrame(1, frameType.request, 0, new Uint8Array([0xff, 0xff])));
    expect((await answer(1)).status?.message).toStartWith('unmarshal request error');
    socket.write(encodeFrame(3, frameType.data, 0, new Uint8Array(3)));
    expect((await answer(3)).status).toMatchObject({ code: 3, message: 'StreamID is no longer active' });
    socket.write(encodeFrame(5, 77, 0, new Uint8Array(3)));
    socket.write(encodeFrame(7, frameType.request, 0, new Uint8Array(maxDataBytes + 1)));
    expect((await answer(7)).status).toMatchObject({
      code: 8,
      message: 'message length 4194305 exceed maximum message size of 4194304',
    });
    socket.write(encodeFrame(9, frameType.request, 0, request('One', 'still here')));
    expect(KeyValue.decode((await answer(9)).payload).key).toBe('still here');
    socket.destroy();
  });

  test('data after the end, or with it, ends the call with invalid_argument', async () => {
    const { socket, answer, frames, request } = await bare();
    const message = KeyValue.encode({ key: 'wait', value: '' }).finish();
    socket.write(encodeFrame(1, frameType.request, frameFlag.remoteOpen, request('Both', 'wait')));
    socket.write(encodeFrame(1, frameType.data, frameFlag.remoteClosed | frameFlag.noData));
    socket.write(encodeFrame(1, frameType.data, 0, message));
    expect((await answer(1)).status?.message).toBe('data handling error: ttrpc: stream closed');
    socket.write(encodeFrame(3, frameType.request, frameFlag.remoteOpen, request('Both', 'wait')));
    socket.write(encodeFrame(3, frameType.data, frameFlag.remoteClosed, message));
    expect((await answer(3)).status?.message).toBe('data close message cannot include data');
    await Bun.sleep(5);
    expect(frames).toEqual([]);
    socket.destroy();
  });

  test('a malformed payload is internal', async () => {
    const { socket, answer } = await bare();
    const payload = new Uint8Array([0x0a, 0x7f]);
    const request = Request.encode(Request.create({ service: 'test.Echo', method: 'One', payload })).finish();
    socket.write(encodeFrame(1, frameType.request, 0, request));
    expect((await answer(1)).status).toMatchObject({ code: 13 });
    socket.destroy();
  });
});
