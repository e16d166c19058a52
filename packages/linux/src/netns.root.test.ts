import { expect, test } from 'bun:test';
import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SystemError } from './libc.ts';
import { readMountInfo } from './mount.ts';
import { NetlinkSocket } from './netlink.ts';
import { createNetworkNamespace, inNetworkNamespace, removeNetworkNamespace } from './netns.ts';
import {
  addAddress,
  addBridge,
  addDefaultRoute,
  addVethPair,
  deleteLink,
  findLink,
  listAddresses,
  listLinks,
  listRoutes,
  setLinkUp,
} from './network-link.ts';

/** The distinct network namespaces of this process's threads. */
const threadNamespaces = (): string[] => [
  ...new Set(readdirSync('/proc/self/task').map((task) => readlinkSync(`/proc/self/task/${task}/ns/net`))),
];

test('createNetworkNamespace leaves every thread where it was, a hundred times over', () => {
  const folder = mkdtempSync(join(tmpdir(), 'docker-ts-netns-'));
  const before = threadNamespaces();
  expect(before).toHaveLength(1);
  const seen = new Set<string>();
  for (let round = 0; round < 100; round++) {
    const path = join(folder, String(round));
    seen.add(createNetworkNamespace(path, () => readlinkSync('/proc/thread-self/ns/net')));
    expect(inNetworkNamespace(path, () => readlinkSync('/proc/thread-self/ns/net'))).not.toBe(before[0] ?? '');
    removeNetworkNamespace(path);
  }
  expect(seen.size).toBeGreaterThan(0);
  expect(threadNamespaces()).toEqual(before);
  expect(readMountInfo().filter(({ mountPoint }) => mountPoint.startsWith(folder))).toEqual([]);
  rmdirSync(folder);
});

test('createNetworkNamespace leaves nothing when the work in it fails', () => {
  const folder = mkdtempSync(join(tmpdir(), 'docker-ts-netns-'));
  const path = join(folder, 'ns');
  const home = threadNamespaces();
  expect(() =>
    createNetworkNamespace(path, () => {
      throw new Error('no');
    }),
  ).toThrow('no');
  expect(readdirSync(folder)).toEqual([]);
  expect(threadNamespaces()).toEqual(home);
  rmdirSync(folder);
});

test('a bridge, a veth pair, addresses and routes over netlink are what the kernel then shows', () => {
  const folder = mkdtempSync(join(tmpdir(), 'docker-ts-netns-'));
  const [outer, inner] = [join(folder, 'outer'), join(folder, 'inner')];
  using near = createNetworkNamespace(outer, () => NetlinkSocket.open());
  using far = createNetworkNamespace(inner, () => NetlinkSocket.open());
  const peerNamespace = openSync(inner, 'r');
  addBridge(near, 'br0', 1400);
  const bridge = findLink(near, 'br0');
  if (bridge === undefined) throw new Error('no bridge');
  addAddress(near, bridge.index, { address: '10.9.0.1', prefixLength: 20 });
  const peerMac = Uint8Array.of(2, 0x42, 10, 9, 0, 2);
  addVethPair(near, { name: 'veth0', master: bridge.index, mtu: 1400, peerName: 'eth0', peerMac, peerNamespace });
  closeSync(peerNamespace);
  const eth0 = findLink(far, 'eth0');
  if (eth0 === undefined) throw new Error('no eth0');
  setLinkUp(far, 1);
  setLinkUp(far, eth0.index);
  addAddress(far, eth0.index, { address: '10.9.0.2', prefixLength: 20 });
  addDefaultRoute(far, '10.9.0.1', eth0.index);
  expect(findLink(near, 'veth0')).toMatchObject({ master: bridge.index, up: true });
  expect(findLink(far, 'eth0')?.up).toBe(true);
  expect(listAddresses(near)).toContainEqual({ address: '10.9.0.1', prefixLength: 20, index: bridge.index });
  expect(listRoutes(far)).toContainEqual({ address: '0.0.0.0', prefixLength: 0 });
  expect(listRoutes(far)).toContainEqual({ address: '10.9.0.0', prefixLength: 20 });
  expect(inNetworkNamespace(inner, () => readFileSync('/proc/net/fib_trie', 'utf8'))).toContain('10.9.15.255');
  expect(() => addBridge(near, 'br0', 1400)).toThrow(SystemError);
  deleteLink(near, 'veth0');
  deleteLink(near, 'veth0');
  expect(findLink(far, 'eth0')).toBeUndefined();
  expect(listLinks(near).map(({ name }) => name)).toContain('br0');
  removeNetworkNamespace(outer);
  removeNetworkNamespace(inner);
  rmdirSync(folder);
});

test('a sysctl written in a visit is the namespace’s own', () => {
  const folder = mkdtempSync(join(tmpdir(), 'docker-ts-netns-'));
  const path = join(folder, 'ns');
  const file = '/proc/sys/net/ipv4/ip_default_ttl';
  const before = readFileSync(file, 'utf8');
  createNetworkNamespace(path, () => writeFileSync(file, '77'));
  expect(inNetworkNamespace(path, () => readFileSync(file, 'utf8').trim())).toBe('77');
  expect(readFileSync(file, 'utf8')).toBe(before);
  removeNetworkNamespace(path);
  rmdirSync(folder);
});
