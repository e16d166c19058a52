/** A container's place in a network, as `inspect` shows it (EndpointSettings) and as it is remembered in the container's record. */
import { invalidArgument } from '@docker-ts/base/errors';
import { randomBytes } from 'node:crypto';
import type { EndpointSettings } from '../containers/ports.ts';
import type { ContainerRecord } from '../containers/record.ts';

/** What the API has for an endpoint, in the order of its JSON. */
const noEndpoint = {
  IPAMConfig: null,
  Links: null,
  Aliases: null,
  MacAddress: '',
  DriverOpts: null,
  GwPriority: 0,
  NetworkID: '',
  EndpointID: '',
  Gateway: '',
  IPAddress: '',
  IPPrefixLen: 0,
  IPv6Gateway: '',
  GlobalIPv6Address: '',
  GlobalIPv6PrefixLen: 0,
  DNSNames: null,
} as const;

export interface EndpointValues {
  readonly networkId: string;
  readonly endpointId?: string;
  readonly mac?: string;
  readonly address?: string;
  readonly prefixLength?: number;
  readonly gateway?: string;
}

export function endpointSettings(values?: EndpointValues): EndpointSettings {
  if (values === undefined) return noEndpoint;
  return {
    ...noEndpoint,
    NetworkID: values.networkId,
    EndpointID: values.endpointId ?? '',
    MacAddress: values.mac ?? '',
    IPAddress: values.address ?? '',
    IPPrefixLen: values.prefixLength ?? 0,
    Gateway: values.gateway ?? '',
  };
}

/** A field of remembered settings as text; `""` if it has none. */
export function endpointText(endpoint: EndpointSettings, field: 'IPAddress' | 'EndpointID' | 'MacAddress'): string {
  const value = endpoint[field];
  return typeof value === 'string' ? value : '';
}

export const newId = (): string => randomBytes(32).toString('hex');

/** Name of the host's end of an endpoint's cable: told from the id, so that it need not be stored. */
export const portName = (endpointId: string): string => `veth${endpointId.slice(0, 7)}`;

/** Locally administered, made from the address: whoever gets the address again gets the MAC with it, and no cache is wrong. */
export function macOfAddress(address: string): string {
  return ['02', '42', ...address.split('.').map((part) => Number(part).toString(16).padStart(2, '0'))].join(':');
}

/** What a client asked for on a network, as far as the default bridge can give it. */
export function requestedMac(container: ContainerRecord, networkName: string): string | undefined {
  const endpoint = (container.endpoints[networkName] ?? container.endpoints['default'] ?? {}) as {
    readonly MacAddress?: string;
    readonly IPAMConfig?: { readonly IPv4Address?: string; readonly IPv6Address?: string } | null;
  };
  if (endpoint.IPAMConfig?.IPv4Address || endpoint.IPAMConfig?.IPv6Address)
    throw invalidArgument(
      `invalid config for network ${networkName}: invalid endpoint settings:\nuser specified IP address is supported on user defined networks only`,
    );
  const mac = endpoint.MacAddress || container.config.MacAddress || '';
  if (mac === '') return undefined;
  if (!/^(?:[0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2}$/.test(mac)) throw invalidArgument(`invalid MAC address: ${mac}`);
  return mac.toLowerCase().replaceAll('-', ':');
}
