/**
 * Networks of containers with real interfaces and rules. All of it happens in a network namespace of the test's own: the file runs
 * itself again there (`unshare --net`), so that the machine's links, rules and sysctls stay as they are.
 *
 *     container ── bridge ── [router: the test] ── 203.0.113.1 ══ 203.0.113.2 ── [outside]
 */
import { NetlinkSocket } from '@docker-ts/linux/netlink';
import {
  addAddress,
  addDefaultRoute,
  addVethPair,
  findLink,
  listLinks,
  setLinkUp,
} from '@docker-ts/linux/network-link';
import { createNetworkNamespace, removeNetworkNamespace } from '@docker-ts/linux/netns';
import { Scratch } from '@docker-ts/testkit/scratch';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'bun:test';
import { closeSync, existsSync, openSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NetworkSandbox } from '../containers/ports.ts';
import type { ContainerRecord } from '../containers/record.ts';
import { ContainerNetworks } from './network-service.ts';

const inside = process.env['DOCKER_TS_TEST_NETNS'] === '1';

async function run(command: string[], input = ''): Promise<{ status: number; text: string }> {
  const child = Bun.spawn(command, { stdin: Buffer.from(input), stdout: 'pipe', stderr: 'pipe' });
  const text = (await new Response(child.stdout).text()) + (await new Response(child.stderr).text());
  return { status: await child.exited, text };
}

if (!inside)
  test('networks work in a network namespace of their own', async () => {
    const child = Bun.spawn(['unshare', '--net', process.execPath, 'test', import.meta.path], {
      env: { ...process.env, DOCKER_TS_TEST_NETNS: '1' },
      stdout: 'pipe',
      stderr: 'pipe',
    });
    const [out, said, status] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ]);
    if (status !== 0) throw new Error(out + said);
  }, 60_000);
else {
  const scratch = new Scratch('networks');
  const outside = scratch.join('outside');
  const settings = new Map<string, string>();
  const running = new Map<string, ContainerRecord>();
  let networks: ContainerNetworks;

  const open = (): Promise<ContainerNetworks> =>
    ContainerNetworks.open({
      execRoot: scratch.path,
      bridge: 'dts-test0',
      mtu: 1500,
      dns: { servers: [], search: [], options: [] },
      store: {
        setting: (name, make) => {
          if (!settings.has(name)) settings.set(name, make());
          return Promise.resolve(settings.get(name) ?? '');
        },
      },
      users: { attached: () => [...running.values()] },
    });

  const container = (id: string, mode: string, more: Partial<ContainerRecord> = {}): ContainerRecord =>
    ({
      id: id.padEnd(64, '0'),
      name: id,
      config: { Hostname: id },
      hostConfig: { NetworkMode: mode },
      endpoints: {},
      ...more,
    }) as ContainerRecord;

  async function start(
    record: ContainerRecord,
  ): Promise<NetworkSandbox & { readonly path: string; readonly ip: string }> {
    const sandbox = await networks.createSandbox(record);
    running.set(record.id, { ...record, network: sandbox.attachment });
    const path = sandbox.namespace.kind === 'path' ? sandbox.namespace.path : '';
    return { ...sandbox, path, ip: String(sandbox.attachment.endpoints['bridge']?.['IPAddress']) };
  }

  const within = (path: string, ...command: string[]): Promise<{ status: number; text: string }> =>
    run(['nsenter', `--net=${path}`, ...command]);
  const pings = async (path: string, address: string): Promise<boolean> =>
    (await within(path, 'busybox', 'ping', '-c', '1', '-W', '1', address)).status === 0;

  beforeAll(() => {
    using far = createNetworkNamespace(outside, () => NetlinkSocket.open());
    using near = NetlinkSocket.open();
    const peerNamespace = openSync(outside, 'r');
    const peerMac = Uint8Array.of(2, 1, 1, 1, 1, 1);
    addVethPair(near, { name: 'uplink', master: 0, mtu: 1500, peerName: 'eth0', peerMac, peerNamespace });
    closeSync(peerNamespace);
    setLinkUp(near, 1);
    addAddress(near, findLink(near, 'uplink')?.index ?? 0, { address: '203.0.113.1', prefixLength: 24 });
    const eth0 = findLink(far, 'eth0')?.index ?? 0;
    setLinkUp(far, eth0);
    addAddress(far, eth0, { address: '203.0.113.2', prefixLength: 24 });
    // It could send packets to containers, if the rules let it.
    addDefaultRoute(far, '203.0.113.1', eth0);
  });

  afterAll(() => {
    removeNetworkNamespace(outside);
    scratch[Symbol.dispose]();
  });

  beforeEach(async () => {
    settings.clear();
    networks = await open();
  });

  afterEach(async () => {
    for (const id of running.keys()) await networks.release(id);
    running.clear();
    await networks[Symbol.asyncDispose]();
    expect(readdirSync(scratch.join('netns'))).toEqual([]);
    using socket = NetlinkSocket.open();
    expect(
      listLinks(socket)
        .map(({ name }) => name)
        .filter((name) => /^veth|^dts/.test(name)),
    ).toEqual([]);
    expect((await run(['nft', 'list', 'tables'])).text).not.toContain('dts-test0');
  });

  test('a container on the bridge reaches the host, its neighbours and, behind the host’s address, the outside', async () => {
    const a = await start(container('a', 'bridge'));
    const b = await start(container('b', 'bridge'));
    expect([a.ip, b.ip]).toEqual(['172.17.0.2', '172.17.0.3']);
    expect(await pings(a.path, '172.17.0.1')).toBe(true);
    expect(await pings(a.path, b.ip)).toBe(true);
    expect(await pings(b.path, '127.0.0.1')).toBe(true);
    expect((await run(['busybox', 'ping', '-c', '1', '-W', '1', a.ip])).status).toBe(0);
    const listener = Bun.spawn(
      [
        'nsenter',
        `--net=${outside}`,
        'busybox',
        'nc',
        '-l',
        '-p',
        '7000',
        '-e',
        'sh',
        '-c',
        'cat /proc/net/tcp /proc/net/tcp6',
      ],
      { stdout: 'pipe', stderr: 'ignore' },
    );
    await sleep(200);
    const seen = await within(a.path, 'busybox', 'nc', '-w', '2', '203.0.113.2', '7000');
    listener.kill();
    // 203.0.113.1 in the kernel's hexadecimal: the outside sees the host, not the container.
    expect(seen.text).toContain('017100CB');
    expect(seen.text).not.toContain('020011AC');
  });

  test('nobody outside reaches a container', async () => {
    const a = await start(container('a', 'bridge'));
    expect(await pings(a.path, '203.0.113.2')).toBe(true);
    expect(await pings(outside, a.ip)).toBe(false);
  });

  test('network none has a loopback and nothing else', async () => {
    const none = await start(container('n', 'none'));
    expect(await pings(none.path, '127.0.0.1')).toBe(true);
    const links = await within(none.path, 'ip', '-o', 'link');
    expect(
      links.text
        .split('\n')
        .filter(Boolean)
        .every((line) => /: (lo|ifb\d|tunl\d|sit\d)[:@]/.test(line)),
    ).toBe(true);
    expect(Object.keys(none.attachment.endpoints)).toEqual(['none']);
  });

  test('network host and container:ID join what is there', async () => {
    const host = await start(container('h', 'host'));
    expect(host.namespace).toEqual({ kind: 'host' });
    expect(host.hosts).toContain('localhost');
    const a = await start(container('a', 'bridge'));
    const joined = await networks.createSandbox(container('j', `container:${'a'.padEnd(64, '0')}`));
    expect(joined.namespace).toEqual({ kind: 'path', path: a.path });
    expect(joined.hosts).toBeUndefined();
    let message = '';
    await networks
      .createSandbox(container('k', `container:${'x'.repeat(64)}`))
      .catch((error: Error) => (message = error.message));
    expect(message).toContain('cannot join network of a non running container');
  });

  test('an unknown network is told as dockerd tells it, and nothing is left', async () => {
    let message = '';
    await networks.createSandbox(container('u', 'nosuch')).catch((error: Error) => (message = error.message));
    expect(message).toBe('failed to set up container networking: network nosuch not found');
  });

  test('eth0 has the MAC of its address, the bridge’s MTU, and no IPv6 address', async () => {
    const a = await start(container('a', 'bridge'));
    const shown = (await within(a.path, 'ip', 'addr', 'show', 'eth0')).text;
    expect(shown).toContain('02:42:ac:11:00:02');
    expect(shown).toContain('mtu 1500');
    expect(shown).not.toContain('inet6');
    expect(networks.settings(container('a', 'bridge'))).toMatchObject({
      IPAddress: '172.17.0.2',
      IPPrefixLen: 16,
      Gateway: '172.17.0.1',
      MacAddress: '02:42:ac:11:00:02',
    });
    expect(networks.catalog.inspect('bridge')['Containers']).toMatchObject({
      ['a'.padEnd(64, '0')]: { Name: 'a', IPv4Address: '172.17.0.2/16' },
    });
  });

  test('a restarted daemon keeps running containers’ sandboxes and takes the others away', async () => {
    const a = await start(container('a', 'bridge'));
    const lost = await start(container('lost', 'bridge'));
    running.delete('lost'.padEnd(64, '0'));
    // The old daemon was killed: its object simply goes.
    networks = await open();
    await networks.restore([...running.values()]);
    expect(existsSync(lost.path)).toBe(false);
    expect(await pings(a.path, '172.17.0.1')).toBe(true);
    const b = await start(container('b', 'bridge'));
    expect(b.ip).not.toBe(a.ip);
    expect(networks.settings(container('a', 'bridge'))['IPAddress']).toBe(a.ip);
  });

  test('a released address is not given out again before its cable is gone', async () => {
    const a = await start(container('a', 'bridge'));
    await networks.release('a'.padEnd(64, '0'));
    running.clear();
    const b = await start(container('b', 'bridge'));
    expect(b.ip).not.toBe(a.ip);
    expect(existsSync(a.path)).toBe(false);
    await sleep(1200);
    expect((await start(container('c', 'bridge'))).ip).toBe(a.ip);
  });

  test('a bridge that somebody removed is made again by the next container', async () => {
    await start(container('a', 'bridge'));
    await run(['ip', 'link', 'del', 'dts-test0']);
    const b = await start(container('b', 'bridge'));
    expect(await pings(b.path, '172.17.0.1')).toBe(true);
  });

  test('the subnet avoids what the host uses, and stays the same after that', async () => {
    await run(['ip', 'route', 'add', '172.17.128.0/17', 'dev', 'uplink']);
    settings.clear();
    await networks[Symbol.asyncDispose]();
    networks = await open();
    expect((await start(container('a', 'bridge'))).ip).toBe('172.18.0.2');
    await run(['ip', 'route', 'del', '172.17.128.0/17']);
    expect(settings.get('network-bridge-subnet')).toBe('172.18.0.1/16');
  });

  test('a bridge moves to another subnet if its own was taken before the first container came', async () => {
    await run(['ip', 'addr', 'add', '172.17.0.1/16', 'dev', 'uplink']);
    const a = await start(container('a', 'bridge'));
    await run(['ip', 'addr', 'del', '172.17.0.1/16', 'dev', 'uplink']);
    expect(a.ip).toBe('172.18.0.2');
    expect(networks.catalog.inspect('bridge')['IPAM']).toMatchObject({
      Config: [{ Subnet: '172.18.0.0/16', Gateway: '172.18.0.1' }],
    });
    expect(await pings(a.path, '172.18.0.1')).toBe(true);
  });

  test('a start on the bridge takes a few milliseconds', async () => {
    await start(container('warm', 'bridge'));
    const begin = performance.now();
    for (let round = 0; round < 10; round++) await start(container(`t${round}`, 'bridge'));
    // Generous, for a busy machine: it is two or three.
    expect((performance.now() - begin) / 10).toBeLessThan(50);
  });
}
