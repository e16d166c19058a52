/** The nodes and links of /dev: config-linux.md, "Default Devices", "Devices" and runtime-linux.md, "Dev symbolic links". */
import type { LinuxDevice, LinuxDeviceType, Mount } from '@docker-ts/oci/runtime-spec';
import { containerPath, isBindMount } from './mounts.ts';
import type { Plan } from './plan.ts';

const character = (path: string, major: number, minor: number): LinuxDevice => ({
  path,
  type: 'c',
  major,
  minor,
  fileMode: 0o666,
});

/** Every container has them. */
export const defaultDevices: readonly LinuxDevice[] = [
  character('/dev/null', 1, 3),
  character('/dev/random', 1, 8),
  character('/dev/full', 1, 7),
  character('/dev/tty', 5, 0),
  character('/dev/zero', 1, 5),
  character('/dev/urandom', 1, 9),
];

/** S_IFMT bits of inode(7). */
const typeBits: Readonly<Record<LinuxDeviceType, number>> = { c: 0o020000, u: 0o020000, b: 0o060000, p: 0o010000 };

function planDevice(plan: Plan, device: LinuxDevice, field: string): void {
  const path = containerPath(device.path);
  plan.add(
    'device',
    {
      path,
      mode: typeBits[device.type] | ((device.fileMode ?? 0o666) & 0o7777),
      major: device.type === 'p' ? 0 : (device.major ?? 0),
      minor: device.type === 'p' ? 0 : (device.minor ?? 0),
      uid: device.uid ?? 0,
      gid: device.gid ?? 0,
    },
    `make device ${path}`,
    field,
  );
}

const links: readonly (readonly [string, string])[] = [
  ['/dev/fd', '/proc/self/fd'],
  ['/dev/stdin', '/proc/self/fd/0'],
  ['/dev/stdout', '/proc/self/fd/1'],
  ['/dev/stderr', '/proc/self/fd/2'],
];

/** Nothing, if the host's own /dev (or somebody's folder) is bound there: it is not ours to change. */
export function planDevices(
  plan: Plan,
  devices: readonly LinuxDevice[],
  mounts: readonly Mount[],
  hasKcore: boolean,
): void {
  if (mounts.some((mount) => isBindMount(mount) && containerPath(mount.destination) === '/dev')) return;
  const given = new Set(devices.map((device) => containerPath(device.path)));
  for (const device of defaultDevices) if (!given.has(device.path)) planDevice(plan, device, '');
  for (const [index, device] of devices.entries()) planDevice(plan, device, `linux.devices[${index}]`);
  plan.add('symlink', { path: '/dev/ptmx', destination: 'pts/ptmx', replace: 1 }, 'link /dev/ptmx to pts/ptmx');
  const all = hasKcore ? [...links, ['/dev/core', '/proc/kcore'] as const] : links;
  for (const [path, destination] of all)
    plan.add('symlink', { path, destination, replace: 0 }, `link ${path} to ${destination}`);
}
