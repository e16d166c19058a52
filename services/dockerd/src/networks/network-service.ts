/**
 * Networks of containers: their sandboxes on the bridge, on nothing, on the host or in another container. Sandboxes are files and
 * links of the kernel: they stay when the daemon goes, and are found again through the containers' records.
 *
 * A sandbox goes by losing its file: the kernel then ends the namespace with its cable, in its own time. Deleting the cable by
 * hand would hold this thread for a grace period of the kernel (30 ms). Until then the address is not given out again.
 */
import { conflict, notFound, unimplemented } from '@docker-ts/base/errors';
import { readFileSync } from 'node:fs';
import type {
  EndpointSettings,
  NetworkAttachment,
  NetworkSandbox,
  NetworkService,
  NetworkUsers,
} from '../containers/ports.ts';
import type { ContainerRecord } from '../containers/record.ts';
import { containerOfMode } from '../spec/namespace-modes.ts';
import { AddressPool } from './address-pool.ts';
import { Bridge, type BridgePlace, placeOf, verifyBridgeName } from './bridge.ts';
import { endpointSettings, endpointText, macOfAddress, newId, portName, requestedMac } from './endpoint.ts';
import { containerHosts, extraHostLines } from './hosts-file.ts';
import { type BridgeFacts, NetworkCatalog, type NetworkSettingsStore, predefinedNetworks } from './network-catalog.ts';
import { containerResolvConf, type DnsSettings, hostResolvConf } from './resolv-conf.ts';
import { SandboxNamespaces } from './sandbox.ts';
import { subnetText } from './subnet.ts';

export interface NetworkOptions {
  readonly execRoot: string;
  /** Interface name of the default bridge. */
  readonly bridge: string;
  /** `--bip`, the bridge's address with its prefix length; absent: the first free default subnet. */
  readonly bip?: string;
  readonly mtu: number;
  /** `--dns`, `--dns-search`, `--dns-opt` of the daemon, for containers that have none of their own. */
  readonly dns: DnsSettings;
  readonly store: NetworkSettingsStore;
  readonly users: NetworkUsers;
}

/** How long the kernel gets to end a namespace before its cable is deleted by hand. */
const settleMs = 1000;

interface Departure {
  readonly port: string;
  readonly address: string;
}

export class ContainerNetworks implements NetworkService, AsyncDisposable {
  readonly catalog: NetworkCatalog;
  #bridge: Bridge;
  #pool: AddressPool;
  readonly #sandboxes: SandboxNamespaces;
  readonly #options: NetworkOptions;
  /** By container id. */
  readonly #attachments = new Map<string, NetworkAttachment>();
  readonly #departures = new Map<Departure, NodeJS.Timeout>();

  private constructor(
    options: NetworkOptions,
    place: BridgePlace,
    makeCatalog: (facts: () => BridgeFacts) => NetworkCatalog,
  ) {
    this.#options = options;
    this.#bridge = new Bridge({ ...place, name: options.bridge, mtu: options.mtu });
    this.#pool = new AddressPool(place.subnet, place.gateway);
    this.#sandboxes = new SandboxNamespaces(options.execRoot);
    this.catalog = makeCatalog(() => ({
      subnet: subnetText(this.#bridge.settings.subnet),
      gateway: this.#bridge.gateway,
      interfaceName: options.bridge,
      mtu: options.mtu,
    }));
  }

  /** Chooses the subnet, and remembers it at the first start of a data root; touches no interface. */
  static async open(options: NetworkOptions): Promise<ContainerNetworks> {
    const { bridge: name, bip, store, users } = options;
    verifyBridgeName(name);
    const identities = await predefinedNetworks(store);
    let place: BridgePlace;
    if (bip !== undefined) place = placeOf(bip);
    else {
      const remembered = await store.setting('network-bridge-subnet', () => {
        const { subnet, gateway } = Bridge.choosePlace(name);
        return subnetText({ base: gateway, prefixLength: subnet.prefixLength });
      });
      place = Bridge.choosePlace(name, placeOf(remembered));
    }
    return new ContainerNetworks(options, place, (facts) => new NetworkCatalog(identities, facts, users));
  }

  /** Between the choice and the first container another program may have taken the subnet: the bridge then moves. */
  #settlePlace(): void {
    if (this.#options.bip !== undefined || this.#bridge.isMade) return;
    const { settings } = this.#bridge;
    const place = Bridge.choosePlace(settings.name, settings);
    if (place.gateway === settings.gateway) return;
    this.#bridge[Symbol.dispose]();
    this.#bridge = new Bridge({ ...place, name: settings.name, mtu: settings.mtu });
    this.#pool = new AddressPool(place.subnet, place.gateway);
  }

  validate(container: ContainerRecord): void {
    const { NetworkMode: mode = 'bridge', PortBindings: ports, PublishAllPorts: all } = container.hostConfig;
    const publishes = all === true || Object.values(ports ?? {}).some((bindings) => bindings != null);
    if (publishes && this.#modeName(mode) === 'bridge') throw unimplemented('publishing ports is not supported yet');
    if (Object.keys(container.endpoints).length > 1)
      throw unimplemented('connecting to several networks is not supported yet');
    if (this.#modeName(mode) === 'bridge') requestedMac(container, mode);
  }

  /** `bridge`, `host`, `none`, or `undefined` for another container's and unknown ones. */
  #modeName(mode: string): string | undefined {
    if (mode === '' || mode === 'default') return 'bridge';
    return containerOfMode(mode) === undefined ? this.catalog.tryFind(mode)?.name : undefined;
  }

  async createSandbox(container: ContainerRecord): Promise<NetworkSandbox> {
    const { NetworkMode: mode = 'bridge' } = container.hostConfig;
    const other = containerOfMode(mode);
    if (other !== undefined) return this.#join(other);
    const name = this.#modeName(mode);
    if (name === undefined) throw notFound(`failed to set up container networking: network ${mode} not found`);
    await this.release(container.id);
    if (name === 'host') return this.#hostSandbox(container);
    const sandbox = await (name === 'bridge' ? this.#bridgeSandbox(container) : this.#emptySandbox(container));
    this.#attachments.set(container.id, sandbox.attachment);
    return sandbox;
  }

  async #bridgeSandbox(container: ContainerRecord): Promise<NetworkSandbox> {
    this.#settlePlace();
    const sandboxId = newId();
    const endpointId = newId();
    const address = this.#pool.take();
    const mac = requestedMac(container, container.hostConfig.NetworkMode ?? 'bridge') ?? macOfAddress(address);
    try {
      const path = await this.#sandboxes.create(sandboxId, {
        bridge: this.#bridge,
        port: portName(endpointId),
        mac,
        address,
      });
      const endpoint = endpointSettings({
        networkId: this.catalog.find('bridge').id,
        endpointId,
        mac,
        address,
        prefixLength: this.#bridge.settings.subnet.prefixLength,
        gateway: this.#bridge.gateway,
      });
      return this.#sandbox(container, { sandboxId, sandboxKey: path, endpoints: { bridge: endpoint } }, address);
    } catch (error) {
      this.#pool.release(address);
      throw error;
    }
  }

  async #emptySandbox(container: ContainerRecord): Promise<NetworkSandbox> {
    const sandboxId = newId();
    const path = await this.#sandboxes.create(sandboxId);
    const endpoint = endpointSettings({ networkId: this.catalog.find('none').id, endpointId: newId() });
    return this.#sandbox(container, { sandboxId, sandboxKey: path, endpoints: { none: endpoint } }, undefined);
  }

  #sandbox(container: ContainerRecord, attachment: NetworkAttachment, address: string | undefined): NetworkSandbox {
    const { config, hostConfig } = container;
    return {
      namespace: { kind: 'path', path: attachment.sandboxKey },
      attachment,
      hosts: containerHosts({
        hostname: config.Hostname ?? '',
        domainname: config.Domainname ?? '',
        address,
        extraHosts: hostConfig.ExtraHosts ?? [],
        hostGateway: this.#bridge.gateway,
      }),
      resolvConf: containerResolvConf(hostResolvConf(), this.#dnsOf(container), true),
    };
  }

  #hostSandbox(container: ContainerRecord): NetworkSandbox {
    const endpoint = endpointSettings({ networkId: this.catalog.find('host').id, endpointId: newId() });
    const hosts = readFileSync('/etc/hosts', 'utf8');
    const attachment = { sandboxId: newId(), sandboxKey: '', endpoints: { host: endpoint } };
    this.#attachments.set(container.id, attachment);
    return {
      namespace: { kind: 'host' },
      attachment,
      hosts: hosts + extraHostLines(container.hostConfig.ExtraHosts ?? [], this.#bridge.gateway),
      resolvConf: containerResolvConf(hostResolvConf(), this.#dnsOf(container), false),
    };
  }

  #dnsOf({ hostConfig }: ContainerRecord): DnsSettings {
    const { dns } = this.#options;
    const or = (own: string[] | null | undefined, daemon: readonly string[]): readonly string[] =>
      own != null && own.length > 0 ? own : daemon;
    return {
      servers: or(hostConfig.Dns, dns.servers),
      search: or(hostConfig.DnsSearch, dns.search),
      options: or(hostConfig.DnsOptions, dns.options),
    };
  }

  /** The namespace of another container that runs, with its files. */
  #join(other: string): NetworkSandbox {
    const attachment = this.#attachments.get(other);
    const running = this.#options.users.attached().some(({ id }) => id === other);
    if (attachment === undefined || !running)
      throw conflict(`cannot join network of a non running container: ${other}`);
    const path = attachment.sandboxKey;
    return {
      namespace: path === '' ? { kind: 'host' } : { kind: 'path', path },
      attachment: { sandboxId: '', sandboxKey: '', endpoints: {} },
    };
  }

  release(containerId: string): Promise<void> {
    const attachment = this.#attachments.get(containerId);
    this.#attachments.delete(containerId);
    if (attachment !== undefined && attachment.sandboxKey !== '') {
      this.#sandboxes.remove(attachment.sandboxKey);
      for (const endpoint of Object.values(attachment.endpoints)) this.#depart(endpoint);
    }
    return Promise.resolve();
  }

  #depart(endpoint: EndpointSettings): void {
    const address = endpointText(endpoint, 'IPAddress');
    if (address === '') return;
    const departure = { port: portName(endpointText(endpoint, 'EndpointID')), address };
    const timer = setTimeout(() => this.#settle(departure), settleMs);
    timer.unref();
    this.#departures.set(departure, timer);
  }

  /** By now the cable is gone, unless something still holds the namespace. */
  #settle(departure: Departure): void {
    clearTimeout(this.#departures.get(departure));
    this.#departures.delete(departure);
    if (this.#bridge.ports().includes(departure.port)) this.#bridge.unplug(departure.port);
    this.#pool.release(departure.address);
  }

  async restore(running: readonly ContainerRecord[]): Promise<void> {
    const paths = new Set<string>();
    const ports = new Set<string>();
    for (const { id, network } of running) {
      if (network === undefined) continue;
      this.#attachments.set(id, network);
      paths.add(network.sandboxKey);
      const bridge = network.endpoints['bridge'];
      if (bridge === undefined) continue;
      ports.add(portName(endpointText(bridge, 'EndpointID')));
      this.#pool.adopt(endpointText(bridge, 'IPAddress'));
    }
    for (const path of this.#sandboxes.list()) if (!paths.has(path)) this.#sandboxes.remove(path);
    for (const port of this.#bridge.ports()) if (!ports.has(port)) this.#bridge.unplug(port);
    // Rules may be gone with a flushed rule set, or be an older daemon's.
    if (ports.size > 0) await this.#bridge.ensure();
  }

  settings(container: ContainerRecord): ReturnType<NetworkService['settings']> {
    const attachment = this.#attachments.get(container.id);
    const mode = container.hostConfig.NetworkMode ?? 'bridge';
    const idle = containerOfMode(mode) === undefined ? { [this.#modeName(mode) ?? mode]: endpointSettings() } : {};
    const networks = attachment?.endpoints ?? idle;
    const bridge = networks['bridge'] ?? {};
    return {
      Bridge: '',
      SandboxID: attachment?.sandboxId ?? '',
      SandboxKey: attachment?.sandboxKey ?? '',
      Ports: {},
      HairpinMode: false,
      LinkLocalIPv6Address: '',
      LinkLocalIPv6PrefixLen: 0,
      SecondaryIPAddresses: null,
      SecondaryIPv6Addresses: null,
      EndpointID: bridge['EndpointID'] ?? '',
      Gateway: bridge['Gateway'] ?? '',
      GlobalIPv6Address: '',
      GlobalIPv6PrefixLen: 0,
      IPAddress: bridge['IPAddress'] ?? '',
      IPPrefixLen: bridge['IPPrefixLen'] ?? 0,
      IPv6Gateway: '',
      MacAddress: bridge['MacAddress'] ?? '',
      Networks: networks,
    };
  }

  /** The end of a graceful shutdown: the bridge goes if no container is on it. Sandboxes stay. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const departure of this.#departures.keys()) this.#settle(departure);
    await this.#bridge.removeIfUnused();
    this.#bridge[Symbol.dispose]();
  }
}
