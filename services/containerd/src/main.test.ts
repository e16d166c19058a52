/** The daemon as a process: killed in the middle of things, started twice, stopped. */
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { randomBytes } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GrpcChannel } from '@docker-ts/rpc/grpc-client';
import { ContentDefinition } from '@docker-ts/rpc/gen/containerd/services/content/v1/content';
import { IntrospectionDefinition } from '@docker-ts/rpc/gen/containerd/services/introspection/v1/introspection';
import { LeasesDefinition } from '@docker-ts/rpc/gen/containerd/services/leases/v1/leases';
import { HealthDefinition } from '@docker-ts/rpc/gen/grpc/health/v1/health';
import { Scratch } from '@docker-ts/testkit/scratch';
import { digestOf } from './content/content-suite.ts';
import { ProxyContent } from './content/proxy-content.ts';
import { ProxyLeases } from './leases/proxy-leases.ts';

const main = join(import.meta.dir, 'main.ts');
const scope = { namespace: 'testing' };
const readyTimeoutMs = 10_000;

let scratch: Scratch;
beforeEach(() => {
  scratch = new Scratch('ctrd');
});
afterEach(() => scratch[Symbol.dispose]());

type Overrides = { root?: string; address?: string; more?: string[] };

function spawnDaemon({ root = 'root', address = 'c', more = [] }: Overrides = {}) {
  const args = ['--root', scratch.join(root), '--state', scratch.join(`${root}-state`), '-a', scratch.join(address)];
  return Bun.spawn([process.execPath, main, ...args, ...more], { stdout: 'pipe', stderr: 'pipe' });
}

/** A daemon that serves, with a channel to it; killed when disposed of. */
async function startDaemon(overrides: Overrides = {}) {
  const child = spawnDaemon(overrides);
  const channel = new GrpcChannel(scratch.join(overrides.address ?? 'c'));
  await channel.waitForReady(readyTimeoutMs);
  return {
    child,
    channel,
    async kill(signal: 'SIGKILL' | 'SIGTERM') {
      channel[Symbol.dispose]();
      child.kill(signal);
      return await child.exited;
    },
    async [Symbol.asyncDispose]() {
      await this.kill('SIGKILL');
    },
  };
}

test('a daemon killed in the middle of a write has the ingest and the leases again, and goes on', async () => {
  const data = randomBytes(5_000_000);
  {
    await using daemon = await startDaemon();
    await new ProxyLeases(daemon.channel.client(LeasesDefinition)).create(scope, 'l', { a: 'b' });
    const content = new ProxyContent(daemon.channel.client(ContentDefinition));
    const leased = { ...scope, lease: 'l' };
    const writer = await content.writer(leased, { ref: 'ref', totalBytes: data.length, expected: '' });
    await writer.write(data.subarray(0, 3_000_000));
    // not waited for: the kill comes while it is on its way
    writer.write(data.subarray(3_000_000, 4_000_000)).catch(() => {});
    await daemon.kill('SIGKILL');
  }
  await using daemon = await startDaemon();
  const leases = new ProxyLeases(daemon.channel.client(LeasesDefinition));
  expect(await leases.listResources(scope, 'l')).toEqual([{ type: 'ingests', id: 'ref' }]);
  const content = new ProxyContent(daemon.channel.client(ContentDefinition));
  const writer = await content.writer(scope, { ref: 'ref', totalBytes: data.length, expected: '' });
  const { offsetBytes } = await writer.status();
  expect(offsetBytes).toBeGreaterThanOrEqual(3_000_000);
  expect(await writer.digest()).toBe(digestOf(data.subarray(0, offsetBytes)));
  await writer.write(data.subarray(offsetBytes));
  await writer.commit({ sizeBytes: data.length, expected: digestOf(data), labels: {} });
  expect((await content.info(scope, digestOf(data))).sizeBytes).toBe(data.length);
}, 30_000);

test('a second daemon on the same socket or root is refused, and the first goes on', async () => {
  await using daemon = await startDaemon();
  for (const [overrides, text] of [
    [{ root: 'other' }, `containerd-ts: cannot listen on "${scratch.join('c')}": another server listens there`],
    [{ address: 'other-c' }, 'another daemon is using this root directory'],
  ] as const) {
    const second = spawnDaemon(overrides);
    expect(await new Response(second.stderr).text()).toContain(text);
    expect(await second.exited).toBe(1);
  }
  const health = daemon.channel.client(HealthDefinition);
  expect((await health.check({ service: '' })).status).toBe(1);
}, 30_000);

test('a daemon that is asked to stop ends with 0, and takes its socket with it', async () => {
  await using daemon = await startDaemon();
  expect(await daemon.kill('SIGTERM')).toBe(0);
  expect(existsSync(scratch.join('c'))).toBe(false);
  expect(existsSync(scratch.join('c.ttrpc'))).toBe(false);
}, 30_000);

test('a daemon keeps its UUID, and a stale socket is no obstacle', async () => {
  const uuids: string[] = [];
  for (let i = 0; i < 2; i += 1) {
    await using daemon = await startDaemon();
    const { uuid, pid } = await daemon.channel.client(IntrospectionDefinition).server({});
    expect(pid).toBe(BigInt(daemon.child.pid));
    uuids.push(uuid);
  }
  expect(uuids[0]).toBe(uuids[1] ?? '');
}, 30_000);

test('a config that cannot be read is a clear error, and an unknown key a warning', async () => {
  writeFileSync(scratch.join('bad.toml'), 'version = 3\nroot = 1');
  const refused = spawnDaemon({ more: ['-c', scratch.join('bad.toml')] });
  expect(await new Response(refused.stderr).text()).toBe('containerd-ts: config key "root" must be a string\n');
  expect(await refused.exited).toBe(1);
  writeFileSync(scratch.join('odd.toml'), 'version = 3\noom_score = 1');
  const daemon = await startDaemon({ more: ['-c', scratch.join('odd.toml')] });
  expect(await daemon.kill('SIGTERM')).toBe(0);
  const log = await new Response(daemon.child.stderr).text();
  expect(log).toContain('level=warning msg="config key \\"oom_score\\" is not supported and left out"');
}, 30_000);
