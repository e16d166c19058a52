/**
 * The bridge that containers are plugged into: made when the first one needs it, found again after a restart of the daemon, made
 * anew if somebody took it away, and removed by a graceful shutdown if nothing is plugged in.
 */
import { failedPrecondition, invalidArgument } from '@docker-ts/base/errors';
import { SystemError } from '@docker-ts/linux/libc';
import {
  addAddress,
  addBridge,
  addVethPair,
  deleteLink,
  findLink,
  listAddresses,
  listLinks,
  listRoutes,
  type NetworkLink,
} from '@docker-ts/linux/network-link';
import { NetlinkSocket } from '@docker-ts/linux/netlink';
import { readFileSync, writeFileSync } from 'node:fs';
import { applyBridgeRules, removeBridgeRules } from './packet-rules.ts';
import {
  addressNumber,
  addressText,
  defaultSubnets,
  hostRange,
  overlaps,
  parseCidr,
  type Subnet,
  subnetOf,
  subnetText,
} from './subnet.ts';

export interface BridgePlace {
  readonly subnet: Subnet;
  /** The bridge's own address, the containers' gateway. */
  readonly gateway: number;
}

export interface BridgeSettings extends BridgePlace {
  readonly name: string;
  readonly mtu: number;
}

/** Ports that we made; somebody else's on the same bridge are left alone. */
const portPattern = /^veth[0-9a-f]{7}$/;
const forwardingFile = '/proc/sys/net/ipv4/ip_forward';

/** Linux sends packets on for others only when told so. */
function enableForwarding(): void {
  if (readFileSync(forwardingFile, 'utf8').trim() !== '1') writeFileSync(forwardingFile, '1');
}

export class Bridge implements Disposable {
  readonly settings: BridgeSettings;
  readonly #socket: NetlinkSocket;
  /** Index of the bridge once it is known to be whole. */
  #index: number | undefined;
  #making: Promise<number> | undefined;

  constructor(settings: BridgeSettings) {
    this.settings = settings;
    this.#socket = NetlinkSocket.open();
  }

  /** The containers' default gateway. */
  get gateway(): string {
    return addressText(this.settings.gateway);
  }

  /**
   * Where the bridge may live: where it is, if it is there; else `preferred`, if no address or route of this host overlaps it; else the
   * first of the default subnets that is free.
   */
  static choosePlace(bridgeName: string, preferred?: BridgePlace): BridgePlace {
    using socket = NetlinkSocket.open();
    const own = findLink(socket, bridgeName);
    const addresses = listAddresses(socket);
    const present = addresses.find(({ index }) => index === own?.index);
    if (present !== undefined) {
      const gateway = addressNumber(present.address);
      return { gateway, subnet: subnetOf(gateway, present.prefixLength) };
    }
    const used = [...addresses, ...listRoutes(socket).filter(({ prefixLength }) => prefixLength > 0)].map(
      ({ address, prefixLength }) => subnetOf(addressNumber(address), prefixLength),
    );
    const places = defaultSubnets().map((subnet) => ({ subnet, gateway: hostRange(subnet).first }));
    const free = [...(preferred === undefined ? [] : [preferred]), ...places].find(
      ({ subnet }) => !used.some((taken) => overlaps(subnet, taken)),
    );
    if (free === undefined)
      throw failedPrecondition(
        'could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network',
      );
    return free;
  }

  /** True once the bridge was made, or found whole. */
  get isMade(): boolean {
    return this.#index !== undefined || this.#making !== undefined;
  }

  /** Makes what is missing of bridge, address, forwarding and rules; later calls cost nothing. */
  async ensure(): Promise<void> {
    if (this.#index !== undefined) return;
    this.#making ??= this.#make().finally(() => {
      this.#making = undefined;
    });
    this.#index = await this.#making;
  }

  async #make(): Promise<number> {
    const { name, subnet, gateway, mtu } = this.settings;
    if (findLink(this.#socket, name) === undefined) addBridge(this.#socket, name, mtu);
    const link = findLink(this.#socket, name);
    if (link === undefined) throw failedPrecondition(`cannot make bridge "${name}": it is gone again`);
    const own = { address: addressText(gateway), prefixLength: subnet.prefixLength };
    const others = listAddresses(this.#socket).filter(({ index }) => index === link.index);
    if (!others.some(({ address }) => address === own.address)) {
      if (others.length > 0)
        throw failedPrecondition(
          `cannot use bridge "${name}": it has address ${others[0]?.address}, not ${own.address} of ${subnetText(subnet)}`,
        );
      addAddress(this.#socket, link.index, own);
    }
    enableForwarding();
    await applyBridgeRules(name, subnet);
    return link.index;
  }

  /** Plugs a new cable in, whose other end is `eth0` of a namespace. A bridge that somebody removed is made again. */
  async plug(port: string, peerNamespace: number, peerMac: Uint8Array): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      await this.ensure();
      try {
        const { mtu } = this.settings;
        addVethPair(this.#socket, {
          name: port,
          master: this.#index ?? 0,
          mtu,
          peerName: 'eth0',
          peerMac,
          peerNamespace,
        });
        return;
      } catch (error) {
        // A pair whose master is gone is made all the same, on some kernels.
        deleteLink(this.#socket, port);
        const gone = error instanceof SystemError && (error.errnoName === 'ENODEV' || error.errnoName === 'EINVAL');
        if (!gone || attempt > 0) throw error;
        this.#index = undefined;
      }
    }
  }

  unplug(port: string): void {
    deleteLink(this.#socket, port);
  }

  /** Cables of ours on the bridge. */
  ports(): string[] {
    const bridge = findLink(this.#socket, this.settings.name);
    return bridge === undefined ? [] : this.#portsOf(bridge).map(({ name }) => name);
  }

  #portsOf(bridge: NetworkLink): NetworkLink[] {
    return listLinks(this.#socket).filter(({ master, name }) => master === bridge.index && portPattern.test(name));
  }

  /** Takes bridge and rules away, unless something is plugged in. */
  async removeIfUnused(): Promise<void> {
    const bridge = findLink(this.#socket, this.settings.name);
    if (bridge !== undefined) {
      if (listLinks(this.#socket).some(({ master }) => master === bridge.index)) return;
      deleteLink(this.#socket, this.settings.name);
      await removeBridgeRules(this.settings.name);
    }
    this.#index = undefined;
  }

  [Symbol.dispose](): void {
    this.#socket[Symbol.dispose]();
  }
}

/** `172.17.0.1/16`: the bridge's address and the network around it. */
export function placeOf(cidr: string): BridgePlace {
  const { subnet, address } = parseCidr(cidr);
  return { subnet, gateway: address };
}

/** A name that the kernel takes for an interface and nft as it stands. */
export function verifyBridgeName(name: string): void {
  if (!/^[A-Za-z0-9_.-]{1,15}$/.test(name)) throw invalidArgument(`invalid bridge name: "${name}"`);
}
