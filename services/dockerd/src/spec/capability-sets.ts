/** `--cap-add`, `--cap-drop`, `--privileged`: the capabilities that a container's process gets. */
import { invalidArgument } from '@docker-ts/base/errors';
import { capabilityNames, capabilityNumber } from '@docker-ts/oci/capabilities';
import { defaultCapabilities } from '@docker-ts/oci/default-capabilities';
import { readFileSync } from 'node:fs';
import type { HostConfig } from './container-config.ts';

const all = 'ALL';

/** What this process can hand on: its bounding set (capabilities(7)), in the kernel's order. */
export function effectiveCapabilities(): string[] {
  const match = /^CapBnd:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'));
  const mask = BigInt(`0x${match?.[1] ?? '0'}`);
  return capabilityNames.filter((_, number) => (mask & (1n << BigInt(number))) !== 0n);
}

/** `net_admin` and `NET_ADMIN` become `CAP_NET_ADMIN`; `ALL` stays. Unknown or unavailable names are invalid_argument. */
export function normalizeCapabilities(names: readonly string[], available: readonly string[]): string[] {
  return names.map((name) => {
    const upper = name.toUpperCase();
    if (upper === all) return all;
    const full = upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
    if (capabilityNumber(full) === undefined) throw invalidArgument(`unknown capability: "${full}"`);
    if (!available.includes(full))
      throw invalidArgument(
        `capability not supported by your kernel or not available in the current environment: "${full}"`,
      );
    return full;
  });
}

/** The bounding, effective and permitted set of the container. */
export function containerCapabilities(hostConfig: HostConfig, available: readonly string[]): readonly string[] {
  if (hostConfig.Privileged === true) return available;
  const drop = normalizeCapabilities(hostConfig.CapDrop ?? [], available);
  const add = normalizeCapabilities(hostConfig.CapAdd ?? [], available);
  if (add.includes(all)) return available.filter((name) => !drop.includes(name));
  if (drop.includes(all)) return add;
  return [...defaultCapabilities.filter((name) => !drop.includes(name)), ...add];
}
