/** The three networks that every daemon has – bridge, host, none – as the Engine API lists and shows them. */
import { invalidArgument, isCode, notFound, permissionDenied } from '@docker-ts/base/errors';
import { randomBytes } from 'node:crypto';
import { type Filters, matchesAny } from '../filters/filters.ts';
import type { NetworkUsers } from '../containers/ports.ts';
import { endpointText } from './endpoint.ts';

export const networkFilters: readonly string[] = ['dangling', 'driver', 'id', 'label', 'name', 'scope', 'type'];

export type NetworkName = 'bridge' | 'host' | 'none';

export interface PredefinedNetwork {
  readonly name: NetworkName;
  readonly driver: 'bridge' | 'host' | 'null';
  /** 64 hex digits. */
  readonly id: string;
  /** RFC 3339. */
  readonly created: string;
}

/** What is made once and kept, by name. */
export interface NetworkSettingsStore {
  setting(name: string, make: () => string): Promise<string>;
}

/** What the bridge network shows beside its identity. */
export interface BridgeFacts {
  readonly subnet: string;
  readonly gateway: string;
  readonly interfaceName: string;
  readonly mtu: number;
}

const drivers = { none: 'null', host: 'host', bridge: 'bridge' } as const;
const isName = (text: string): text is NetworkName => text in drivers;

/** Ids and times of creation are made once for a data root. */
export async function predefinedNetworks(store: NetworkSettingsStore): Promise<PredefinedNetwork[]> {
  const networks: PredefinedNetwork[] = [];
  for (const name of ['none', 'host', 'bridge'] as const) {
    const id = await store.setting(`network-${name}-id`, () => randomBytes(32).toString('hex'));
    const created = await store.setting(`network-${name}-created`, () => new Date().toISOString());
    networks.push({ name, driver: drivers[name], id, created });
  }
  return networks;
}

export class NetworkCatalog {
  readonly #networks: readonly PredefinedNetwork[];
  readonly #bridge: () => BridgeFacts;
  readonly #users: NetworkUsers;

  constructor(networks: readonly PredefinedNetwork[], bridge: () => BridgeFacts, users: NetworkUsers) {
    this.#networks = networks;
    this.#bridge = bridge;
    this.#users = users;
  }

  /** By name, id or unique id prefix; not_found in dockerd's words. */
  find(nameOrId: string): PredefinedNetwork {
    const found =
      this.#networks.find(({ name }) => name === nameOrId) ?? this.#networks.find(({ id }) => id === nameOrId);
    if (found !== undefined) return found;
    const matches = nameOrId === '' ? [] : this.#networks.filter(({ id }) => id.startsWith(nameOrId));
    if (matches.length > 1)
      throw invalidArgument(`network ${nameOrId} is ambiguous (${matches.length} matches found based on ID prefix)`);
    const [only] = matches;
    if (only === undefined) throw notFound(`network ${nameOrId} not found`);
    return only;
  }

  /** The network that a container's mode means; `undefined` for one that is not there. */
  tryFind(nameOrId: string): PredefinedNetwork | undefined {
    try {
      return this.find(nameOrId);
    } catch (error) {
      if (isCode(error, 'not_found')) return undefined;
      throw error;
    }
  }

  list(filters: Filters): Record<string, unknown>[] {
    return this.#networks
      .filter(
        ({ name, id, driver }) =>
          matchesAny(filters, 'name', (value) => name.includes(value)) &&
          matchesAny(filters, 'id', (value) => id.startsWith(value)) &&
          matchesAny(filters, 'driver', (value) => driver === value) &&
          matchesAny(filters, 'scope', (value) => value === 'local') &&
          matchesAny(filters, 'type', (value) => value === 'builtin') &&
          // A predefined network is never dangling, and has no labels.
          matchesAny(filters, 'dangling', (value) => value === 'false' || value === '0') &&
          (filters.get('label') ?? []).length === 0,
      )
      .map((network) => this.#view(network, {}));
  }

  /** With the containers that are plugged in. */
  inspect(nameOrId: string): Record<string, unknown> {
    const network = this.find(nameOrId);
    const containers = this.#users.attached().flatMap((container) => {
      const endpoint = container.network?.endpoints[network.name];
      if (endpoint === undefined) return [];
      const address = endpointText(endpoint, 'IPAddress');
      return [
        [
          container.id,
          {
            Name: container.name,
            EndpointID: endpoint['EndpointID'],
            MacAddress: endpoint['MacAddress'],
            IPv4Address: address === '' ? '' : `${address}/${Number(endpoint['IPPrefixLen'])}`,
            IPv6Address: '',
          },
        ] as const,
      ];
    });
    return this.#view(network, Object.fromEntries(containers));
  }

  #view({ name, driver, id, created }: PredefinedNetwork, containers: object): Record<string, unknown> {
    const { subnet, gateway, interfaceName, mtu } = this.#bridge();
    const isBridge = name === 'bridge';
    return {
      Name: name,
      Id: id,
      Created: created,
      Scope: 'local',
      Driver: driver,
      EnableIPv4: true,
      EnableIPv6: false,
      IPAM: { Driver: 'default', Options: null, Config: isBridge ? [{ Subnet: subnet, Gateway: gateway }] : null },
      Internal: false,
      Attachable: false,
      Ingress: false,
      ConfigFrom: { Network: '' },
      ConfigOnly: false,
      Containers: containers,
      Options: isBridge
        ? {
            'com.docker.network.bridge.default_bridge': 'true',
            'com.docker.network.bridge.enable_icc': 'true',
            'com.docker.network.bridge.enable_ip_masquerade': 'true',
            'com.docker.network.bridge.host_binding_ipv4': '0.0.0.0',
            'com.docker.network.bridge.name': interfaceName,
            'com.docker.network.driver.mtu': String(mtu),
          }
        : {},
      Labels: {},
    };
  }
}

/** Predefined networks can be neither made nor removed. */
export function refuseRemoval(network: PredefinedNetwork): never {
  throw permissionDenied(`${network.name} is a pre-defined network and cannot be removed`);
}

export function verifyNewName(name: string): void {
  if (isName(name)) throw permissionDenied(`operation is not permitted on predefined ${name} network `);
}
