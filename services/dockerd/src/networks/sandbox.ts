/**
 * A container's network namespace, kept by a file so that it outlives the daemon and needs no process:
 *
 *     <exec-root>/netns/<first 12 digits of the sandbox id>
 */
import { NetlinkSocket } from '@docker-ts/linux/netlink';
import { addAddress, addDefaultRoute, findLink, setLinkUp } from '@docker-ts/linux/network-link';
import { createNetworkNamespace, removeNetworkNamespace } from '@docker-ts/linux/netns';
import { internal } from '@docker-ts/base/errors';
import { closeSync, mkdirSync, openSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bridge } from './bridge.ts';

const loopbackIndex = 1;
/** Interfaces made later get no IPv6 address by themselves; the network has none to give. */
const ipv6Switch = '/proc/sys/net/ipv6/conf/default/disable_ipv6';

/** An end of a cable in a sandbox. */
export interface Plug {
  readonly bridge: Bridge;
  /** Name of the cable's end on the bridge. */
  readonly port: string;
  readonly mac: string;
  readonly address: string;
}

export class SandboxNamespaces {
  readonly #folder: string;

  constructor(execRoot: string) {
    this.#folder = join(execRoot, 'netns');
  }

  path(sandboxId: string): string {
    return join(this.#folder, sandboxId.slice(0, 12));
  }

  /** A new namespace with its loopback up and, if asked for, `eth0` on a bridge. After a failure nothing is left. */
  async create(sandboxId: string, plug?: Plug): Promise<string> {
    mkdirSync(this.#folder, { recursive: true, mode: 0o755 });
    const path = this.path(sandboxId);
    using socket = createNetworkNamespace(path, () => {
      if (plug !== undefined) disableIpv6();
      return NetlinkSocket.open();
    });
    try {
      setLinkUp(socket, loopbackIndex);
      if (plug !== undefined) await this.#plug(socket, path, plug);
      return path;
    } catch (error) {
      if (plug !== undefined) plug.bridge.unplug(plug.port);
      removeNetworkNamespace(path);
      throw error;
    }
  }

  async #plug(socket: NetlinkSocket, path: string, { bridge, port, mac, address }: Plug): Promise<void> {
    const fd = openSync(path, 'r');
    try {
      await bridge.plug(
        port,
        fd,
        Uint8Array.from(mac.split(':'), (part) => Number.parseInt(part, 16)),
      );
    } finally {
      closeSync(fd);
    }
    const link = findLink(socket, 'eth0');
    if (link === undefined) throw internal(`cannot set up "eth0" in ${path}: it did not arrive`);
    const { subnet } = bridge.settings;
    setLinkUp(socket, link.index);
    addAddress(socket, link.index, { address, prefixLength: subnet.prefixLength });
    addDefaultRoute(socket, bridge.gateway, link.index);
  }

  /** Takes the file away; the namespace itself ends with its last process. */
  remove(path: string): void {
    removeNetworkNamespace(path);
  }

  /** Files of all sandboxes, also those of an earlier run of the daemon. */
  list(): string[] {
    try {
      return readdirSync(this.#folder).map((name) => join(this.#folder, name));
    } catch {
      return [];
    }
  }
}

function disableIpv6(): void {
  try {
    writeFileSync(ipv6Switch, '1');
  } catch {
    // A kernel without IPv6.
  }
}
