/**
 * The devices that every container may use, whatever config.json says: the specification's default devices
 * (config-linux.md, "Default Devices"), pseudo terminals, and, as runc has always had it, mknod of anything and /dev/net/tun.
 * runc appends them to the bundle's rules, so a bundle cannot take them away.
 */
import type { LinuxDeviceCgroup } from '@docker-ts/oci/runtime-spec';

const character = (major: number, minor: number): LinuxDeviceCgroup => ({
  allow: true,
  type: 'c',
  major,
  minor,
  access: 'rwm',
});

export const defaultDeviceRules: readonly LinuxDeviceCgroup[] = [
  { allow: true, type: 'c', major: -1, minor: -1, access: 'm' },
  { allow: true, type: 'b', major: -1, minor: -1, access: 'm' },
  character(1, 3), // null
  character(1, 8), // random
  character(1, 7), // full
  character(5, 0), // tty
  character(1, 5), // zero
  character(1, 9), // urandom
  { allow: true, type: 'c', major: 136, minor: -1, access: 'rwm' }, // pts
  character(5, 2), // ptmx
  character(10, 200), // net/tun
];
