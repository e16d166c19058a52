/** The kernel's capabilities: names and bit numbers (include/uapi/linux/capability.h, capabilities(7)). */

/** In the order of their numbers; CAP_CHECKPOINT_RESTORE came last, with Linux 5.9. */
export const capabilityNames: readonly string[] = (
  'CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST ' +
  'NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE ' +
  'SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM ' +
  'BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE'
)
  .split(' ')
  .map((name) => `CAP_${name}`);

const numbers: ReadonlyMap<string, number> = new Map(capabilityNames.map((name, number) => [name, number]));

/** The bit number of `CAP_…`; undefined if the name is unknown. */
export function capabilityNumber(name: string): number | undefined {
  return numbers.get(name);
}

/** The name of a bit number; undefined beyond the ones known here. */
export function capabilityName(number: number): string | undefined {
  return capabilityNames[number];
}

/** `net_admin`, `NET_ADMIN` or `cap_net_admin` as `CAP_NET_ADMIN`; undefined if there is none of that name. */
export function normalizeCapability(name: string): string | undefined {
  const upper = name.toUpperCase();
  const full = upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
  return numbers.has(full) ? full : undefined;
}

/** The set as the kernel's mask: bit n stands for capability n. Unknown names are told by `onUnknown` and left out. */
export function capabilityMask(names: readonly string[], onUnknown?: (name: string) => void): bigint {
  let mask = 0n;
  for (const name of names) {
    const number = numbers.get(name);
    if (number === undefined) onUnknown?.(name);
    else mask |= 1n << BigInt(number);
  }
  return mask;
}
