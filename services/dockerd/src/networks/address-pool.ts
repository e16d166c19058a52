/**
 * Addresses of one subnet (IPAM). What is taken is not stored: running containers' records say so, and tell it when the daemon
 * starts.
 */
import { failedPrecondition } from '@docker-ts/base/errors';
import { addressNumber, addressText, hostRange, type Subnet, subnetText } from './subnet.ts';

export class AddressPool {
  readonly subnet: Subnet;
  readonly gateway: string;
  readonly #taken = new Set<number>();

  constructor(subnet: Subnet, gateway: number) {
    this.subnet = subnet;
    this.gateway = addressText(gateway);
    this.#taken.add(gateway);
  }

  /** The lowest free address. */
  take(): string {
    const { first, last } = hostRange(this.subnet);
    for (let address = first; address <= last; address++) {
      if (this.#taken.has(address)) continue;
      this.#taken.add(address);
      return addressText(address);
    }
    throw failedPrecondition(`no available IPv4 addresses on this network's address pools: ${subnetText(this.subnet)}`);
  }

  /** Notes an address that a running container has. */
  adopt(address: string): void {
    this.#taken.add(addressNumber(address));
  }

  release(address: string): void {
    if (address !== this.gateway) this.#taken.delete(addressNumber(address));
  }
}
