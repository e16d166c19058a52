/** IPv4 networks as numbers: parsing, overlap, members. */
import { invalidArgument } from '@docker-ts/base/errors';
import { isIPv4 } from 'node:net';

export interface Subnet {
  /** First address, the network's own. */
  readonly base: number;
  readonly prefixLength: number;
}

export function addressNumber(text: string): number {
  if (!isIPv4(text)) throw invalidArgument(`invalid IPv4 address: ${text}`);
  return text.split('.').reduce((number, part) => number * 256 + Number(part), 0);
}

export function addressText(number: number): string {
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join('.');
}

const sizeOf = (prefixLength: number): number => 2 ** (32 - prefixLength);

/** The subnet that an address lies in. */
export function subnetOf(address: number, prefixLength: number): Subnet {
  return { base: address - (address % sizeOf(prefixLength)), prefixLength };
}

/** `172.17.0.1/16`: the address and its subnet. invalid_argument otherwise. */
export function parseCidr(text: string): { readonly address: number; readonly subnet: Subnet } {
  const match = /^([\d.]+)\/(\d{1,2})$/.exec(text);
  const prefixLength = Number(match?.[2] ?? 99);
  if (match === null || prefixLength > 32) throw invalidArgument(`invalid CIDR address: ${text}`);
  const address = addressNumber(match[1] ?? '');
  return { address, subnet: subnetOf(address, prefixLength) };
}

export function subnetText({ base, prefixLength }: Subnet): string {
  return `${addressText(base)}/${prefixLength}`;
}

export function overlaps(a: Subnet, b: Subnet): boolean {
  return a.base < b.base + sizeOf(b.prefixLength) && b.base < a.base + sizeOf(a.prefixLength);
}

/** First and last address that a host may have: neither the network's own nor the broadcast address. */
export function hostRange({ base, prefixLength }: Subnet): { readonly first: number; readonly last: number } {
  return { first: base + 1, last: base + sizeOf(prefixLength) - 2 };
}

/** dockerd's default pools for local networks: 172.17–172.31 /16, then 192.168.0.0/16 in /20s. */
export function defaultSubnets(): Subnet[] {
  const large = Array.from({ length: 15 }, (_, index) => subnetOf(addressNumber(`172.${17 + index}.0.0`), 16));
  const small = Array.from({ length: 16 }, (_, index) => subnetOf(addressNumber(`192.168.${index * 16}.0`), 20));
  return [...large, ...small];
}
