/**
 * Network interfaces, addresses and routes over rtnetlink(7): what `ip link`, `ip address` and `ip route` do, as far as containers
 * need it. IPv4 only. Every function works in the namespace of the socket that it is given.
 */
import { invalidArgument } from '@docker-ts/base/errors';
import { isIPv4 } from 'node:net';
import { SystemError } from './libc.ts';
import { attribute, NLM_F, type NetlinkMessage, type NetlinkSocket, parseAttributes } from './netlink.ts';

/** include/uapi/linux/rtnetlink.h */
const RTM = { NEWLINK: 16, DELLINK: 17, GETLINK: 18, NEWADDR: 20, GETADDR: 22, NEWROUTE: 24, GETROUTE: 26 } as const;
/** include/uapi/linux/if_link.h */
const IFLA = { ADDRESS: 1, IFNAME: 3, MTU: 4, MASTER: 10, LINKINFO: 18, NET_NS_FD: 28 } as const;
const INFO = { KIND: 1, DATA: 2 } as const;
const VETH_INFO_PEER = 1;
const IFA = { ADDRESS: 1, LOCAL: 2, BROADCAST: 4 } as const;
const RTA = { DST: 1, OIF: 4, GATEWAY: 5 } as const;
const AF_INET = 2;
const IFF_UP = 1;
const nameMaxBytes = 15;

export interface NetworkLink {
  readonly index: number;
  readonly name: string;
  /** Index of the bridge that the link is a port of; 0 for none. */
  readonly master: number;
  readonly up: boolean;
}

export interface Ipv4Network {
  readonly address: string;
  readonly prefixLength: number;
}

/** Dotted IPv4 as four bytes. */
export function ipv4Bytes(address: string): Uint8Array {
  if (!isIPv4(address)) throw invalidArgument(`invalid IPv4 address: ${address}`);
  return Uint8Array.from(address.split('.'), Number);
}

function linkHeader(index: number, flags = 0): Buffer {
  const header = Buffer.alloc(16);
  header.writeInt32LE(index, 4);
  header.writeUInt32LE(flags, 8);
  // only what is set is to change
  header.writeUInt32LE(flags, 12);
  return header;
}

function nameAttribute(name: string): Uint8Array {
  if (name === '' || Buffer.byteLength(name) > nameMaxBytes || /[\s/:]/.test(name))
    throw invalidArgument(`invalid interface name: "${name}"`);
  return attribute(IFLA.IFNAME, name);
}

function toLink({ body }: NetlinkMessage): NetworkLink {
  const attributes = parseAttributes(body.subarray(16));
  return {
    index: body.readInt32LE(4),
    name: attributes.get(IFLA.IFNAME)?.toString('utf8').split('\0', 1)[0] ?? '',
    master: attributes.get(IFLA.MASTER)?.readUInt32LE(0) ?? 0,
    up: (body.readUInt32LE(8) & IFF_UP) !== 0,
  };
}

/** The link called `name`; `undefined` if there is none. */
export function findLink(socket: NetlinkSocket, name: string): NetworkLink | undefined {
  try {
    const [answer] = socket.request(`find link ${name}`, RTM.GETLINK, 0, linkHeader(0), nameAttribute(name));
    return answer === undefined ? undefined : toLink(answer);
  } catch (error) {
    if (error instanceof SystemError && error.errnoName === 'ENODEV') return undefined;
    throw error;
  }
}

/** All links of the namespace. */
export function listLinks(socket: NetlinkSocket): NetworkLink[] {
  return socket.request('list links', RTM.GETLINK, NLM_F.DUMP, linkHeader(0)).map(toLink);
}

/** A bridge, up. EEXIST if the name is taken. */
export function addBridge(socket: NetlinkSocket, name: string, mtu: number): void {
  socket.request(
    `add bridge ${name}`,
    RTM.NEWLINK,
    NLM_F.CREATE | NLM_F.EXCL,
    linkHeader(0, IFF_UP),
    nameAttribute(name),
    attribute(IFLA.MTU, mtu),
    attribute(IFLA.LINKINFO, [attribute(INFO.KIND, 'bridge')]),
  );
}

export interface VethPair {
  readonly name: string;
  /** Index of the bridge that the near end joins. */
  readonly master: number;
  readonly mtu: number;
  readonly peerName: string;
  /** Six bytes. */
  readonly peerMac: Uint8Array;
  /** Descriptor of the namespace that the far end goes to. */
  readonly peerNamespace: number;
}

/** Two ends of a cable: one here, on a bridge and up, the other, still down, in another namespace. */
export function addVethPair(socket: NetlinkSocket, pair: VethPair): void {
  // The far end cannot be brought up before the two are joined (ENOTCONN).
  const peer = Buffer.concat([
    linkHeader(0),
    nameAttribute(pair.peerName),
    attribute(IFLA.MTU, pair.mtu),
    attribute(IFLA.ADDRESS, pair.peerMac),
    attribute(IFLA.NET_NS_FD, pair.peerNamespace),
  ]);
  socket.request(
    `add link ${pair.name}`,
    RTM.NEWLINK,
    NLM_F.CREATE | NLM_F.EXCL,
    linkHeader(0, IFF_UP),
    nameAttribute(pair.name),
    attribute(IFLA.MTU, pair.mtu),
    attribute(IFLA.MASTER, pair.master),
    attribute(IFLA.LINKINFO, [attribute(INFO.KIND, 'veth'), attribute(INFO.DATA, [attribute(VETH_INFO_PEER, peer)])]),
  );
}

/** Brings a link up. */
export function setLinkUp(socket: NetlinkSocket, index: number): void {
  socket.request('set link up', RTM.NEWLINK, 0, linkHeader(index, IFF_UP));
}

/** Takes a link away; none is fine. The other end of a veth goes with it. */
export function deleteLink(socket: NetlinkSocket, name: string): void {
  try {
    socket.request(`delete link ${name}`, RTM.DELLINK, 0, linkHeader(0), nameAttribute(name));
  } catch (error) {
    if (!(error instanceof SystemError && error.errnoName === 'ENODEV')) throw error;
  }
}

/** Gives a link an address. EEXIST if it has it. */
export function addAddress(socket: NetlinkSocket, index: number, { address, prefixLength }: Ipv4Network): void {
  const header = Buffer.alloc(8);
  header.set([AF_INET, prefixLength]);
  header.writeUInt32LE(index, 4);
  const bytes = ipv4Bytes(address);
  const broadcast = Uint8Array.from(bytes, (byte, position) => {
    const hostBits = Math.min(8, Math.max(0, (position + 1) * 8 - prefixLength));
    return byte | (2 ** hostBits - 1);
  });
  socket.request(
    `add address ${address}/${prefixLength}`,
    RTM.NEWADDR,
    NLM_F.CREATE | NLM_F.EXCL,
    header,
    attribute(IFA.LOCAL, bytes),
    attribute(IFA.ADDRESS, bytes),
    attribute(IFA.BROADCAST, broadcast),
  );
}

/** IPv4 addresses of the namespace, with the index of the link that has each. */
export function listAddresses(socket: NetlinkSocket): (Ipv4Network & { readonly index: number })[] {
  const header = Buffer.alloc(8);
  header[0] = AF_INET;
  return socket.request('list addresses', RTM.GETADDR, NLM_F.DUMP, header).flatMap(({ body }) => {
    const attributes = parseAttributes(body.subarray(8));
    const address = attributes.get(IFA.LOCAL) ?? attributes.get(IFA.ADDRESS);
    return address === undefined
      ? []
      : [{ address: address.join('.'), prefixLength: body[1] ?? 0, index: body.readUInt32LE(4) }];
  });
}

const routeHeader = (): Buffer => {
  const header = Buffer.alloc(12);
  // family · destination and source length · tos · table main · protocol boot · scope universe · type unicast
  header.set([AF_INET, 0, 0, 0, 254, 3, 0, 1]);
  return header;
};

/** The default route, over `gateway` on the link `index`. */
export function addDefaultRoute(socket: NetlinkSocket, gateway: string, index: number): void {
  socket.request(
    `add default route over ${gateway}`,
    RTM.NEWROUTE,
    NLM_F.CREATE | NLM_F.EXCL,
    routeHeader(),
    attribute(RTA.GATEWAY, ipv4Bytes(gateway)),
    attribute(RTA.OIF, index),
  );
}

/** Destinations of the namespace's IPv4 routes; the default route's is 0.0.0.0/0. */
export function listRoutes(socket: NetlinkSocket): Ipv4Network[] {
  return socket.request('list routes', RTM.GETROUTE, NLM_F.DUMP, routeHeader()).map(({ body }) => ({
    address: parseAttributes(body.subarray(12)).get(RTA.DST)?.join('.') ?? '0.0.0.0',
    prefixLength: body[1] ?? 0,
  }));
}
