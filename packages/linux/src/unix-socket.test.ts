import { afterAll, expect, test } from 'bun:test';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { peerCredentials } from './peer-cred.ts';
import { UnixSocket } from './unix-socket.ts';

const folder = mkdtempSync(join(tmpdir(), 'unix-socket-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await Bun.sleep(1);
}

/** A connected pair; what arrives is collected. */
async function pair(name: string) {
  const path = join(folder, name);
  const seen = { bytes: 0, drains: 0, closed: false, last: undefined as Uint8Array | undefined };
  let accepted: UnixSocket | undefined;
  const listener = UnixSocket.listen(path, 0o600, (socket) => {
    accepted = socket;
    socket.events = {
      data: (bytes) => {
        seen.bytes += bytes.length;
        seen.last = bytes;
      },
      drain: () => {},
      close: () => (seen.closed = true),
    };
  });
  const client = await UnixSocket.connect(path);
  client.events = { data: () => {}, drain: () => (seen.drains += 1), close: () => {} };
  await until(() => accepted !== undefined);
  return { path, listener, client, server: accepted!, seen };
}

test('listen makes a socket of the given mode and close removes it', async () => {
  const { path, listener, client } = await pair('mode');
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(() => UnixSocket.listen(path, 0o600, () => {})).toThrow('EADDRINUSE');
  client.destroy();
  listener.close();
  expect(existsSync(path)).toBe(false);
});

test('connect to nothing is unavailable and names the path', async () => {
  const path = join(folder, 'nobody');
  const error = await UnixSocket.connect(path).catch((error: unknown) => error);
  expect(error).toMatchObject({ code: 'unavailable', message: `cannot connect to "${path}": ENOENT` });
});

test('write keeps what a paused peer does not take, and end delivers it before it closes', async () => {
  const { listener, client, server, seen } = await pair('pressure');
  server.pause();
  const chunk = new Uint8Array(1 << 20);
  let taken = true;
  for (let i = 0; i < 8; i += 1) taken = client.write(chunk.fill(i).slice());
  expect(taken).toBe(false);
  expect(client.pendingBytes).toBeGreaterThan(4 << 20);
  server.resume();
  await until(() => seen.drains === 1);
  expect(client.pendingBytes).toBe(0);
  client.write(chunk.slice());
  client.end();
  await until(() => seen.closed);
  expect(seen.bytes).toBe(9 << 20);
  expect(seen.last?.at(-1)).toBe(7);
  listener.close();
});

test('peerCredentials names this process at both ends', async () => {
  const { listener, client, server } = await pair('peer');
  const self = { pid: process.pid, uid: process.getuid?.() ?? -1, gid: process.getgid?.() ?? -1 };
  expect(peerCredentials(server.fd)).toEqual(self);
  expect(peerCredentials(client.fd)).toEqual(self);
  client.destroy();
  listener.close();
});
