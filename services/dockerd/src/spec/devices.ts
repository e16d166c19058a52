/**
 * Device nodes and the device cgroup's rules: `--device`, `--device-cgroup-rule`, `--privileged`. Paths here are the host's own
 * /dev, named by somebody who may start containers; links in it are followed as mknod's users expect.
 */
import { invalidArgument, messageOf } from '@docker-ts/base/errors';
import type { LinuxDevice, LinuxDeviceCgroup } from '@docker-ts/oci/runtime-spec';
import { lstatSync, readdirSync, realpathSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import type { DeviceMapping, HostConfig } from './container-config.ts';
import { defaultDeviceRules } from './default-spec.ts';

/** makedev(3) undone, for Linux's 32-bit dev_t layout. */
const numbers = (rdev: number): { major: number; minor: number } => ({
  major: (rdev >>> 8) & 0xfff,
  minor: (rdev & 0xff) | ((rdev >>> 12) & 0xfff00),
});

/** Major and minor of the device node at `path`, links followed. */
export function deviceNumbers(path: string): { major: number; minor: number } {
  return numbers(statSync(path).rdev);
}

function toDevice(path: string, stats: Stats): LinuxDevice | undefined {
  const type = stats.isBlockDevice() ? 'b' : stats.isCharacterDevice() ? 'c' : stats.isFIFO() ? 'p' : undefined;
  if (type === undefined) return undefined;
  const { major, minor } = numbers(stats.rdev);
  return {
    path,
    type,
    // Go leaves zero majors and minors out of its JSON; a FIFO has none.
    ...(type === 'p' || (major === 0 && minor === 0) ? {} : { major, minor }),
    fileMode: stats.mode & 0o7777,
    uid: stats.uid,
    gid: stats.gid,
  };
}

/** Not for containers, or made anew in each. */
const skippedDirectories: readonly string[] = ['pts', 'shm', 'fd', 'mqueue', '.lxc', '.lxd-mounts', '.udev'];
const skippedFiles: readonly string[] = ['console'];

/** Every device node below `directory` (FIFOs are none), sorted; links are not followed. For `--privileged`. */
export function hostDevices(directory = '/dev'): LinuxDevice[] {
  const found: LinuxDevice[] = [];
  for (const entry of readdirSync(directory, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) {
      if (!skippedDirectories.includes(entry.name)) found.push(...hostDevices(path));
      continue;
    }
    if (skippedFiles.includes(entry.name) || !(entry.isBlockDevice() || entry.isCharacterDevice())) continue;
    const stats = lstatSync(path, { throwIfNoEntry: false });
    const device = stats === undefined ? undefined : toDevice(path, stats);
    if (device !== undefined) found.push(device);
  }
  return found;
}

const ruleFor = (device: LinuxDevice, access: string): LinuxDeviceCgroup => ({
  allow: true,
  type: device.type,
  major: device.major ?? 0,
  minor: device.minor ?? 0,
  access,
});

/** One `--device`: a node, or every node of a directory. */
export function mappedDevices({ PathOnHost: onHost, PathInContainer: inContainer }: DeviceMapping): LinuxDevice[] {
  const failed = (reason: string): Error =>
    invalidArgument(`error gathering device information while adding custom device "${onHost}": ${reason}`);
  let real: string;
  let stats: Stats;
  try {
    real = realpathSync(onHost);
    stats = statSync(real);
  } catch (error) {
    throw failed(messageOf(error).startsWith('ENOENT') ? 'no such file or directory' : messageOf(error));
  }
  const device = toDevice(inContainer, stats);
  if (device !== undefined) return [device];
  const below = stats.isDirectory() ? hostDevices(real) : [];
  if (below.length === 0) throw failed('not a device node');
  return below.map((entry) => ({ ...entry, path: inContainer + entry.path.slice(real.length) }));
}

/** One `--device-cgroup-rule`: `TYPE MAJOR:MINOR ACCESS`, `*` for any number. */
export function parseDeviceRule(rule: string): LinuxDeviceCgroup {
  const match = /^([acb]) (\d+|\*):(\d+|\*) ([rwm]{1,3})$/.exec(rule);
  if (match === null) throw invalidArgument(`invalid device cgroup rule format: '${rule}'`);
  const [, type = '', major = '', minor = '', access = ''] = match;
  const number = (text: string): number => (text === '*' ? -1 : Number(text));
  return { allow: true, type, major: number(major), minor: number(minor), access };
}

export interface ContainerDevices {
  readonly devices: readonly LinuxDevice[];
  readonly rules: readonly LinuxDeviceCgroup[];
}

/**
 * Nodes to create and rules to allow. The default rules stand twice, as dockerd's spec has them: the first set is the
 * default spec's, the second comes with the container's devices.
 */
export function containerDevices(hostConfig: HostConfig, allHostDevices: () => LinuxDevice[]): ContainerDevices {
  const mappings = hostConfig.Devices ?? [];
  if (hostConfig.Privileged === true) {
    const renamed = mappings.filter((mapping) => mapping.PathOnHost !== mapping.PathInContainer);
    return {
      devices: [...allHostDevices(), ...renamed.flatMap(mappedDevices)],
      rules: [...defaultDeviceRules, { allow: true, access: 'rwm' }],
    };
  }
  const mapped = mappings.map((mapping) => ({ mapping, devices: mappedDevices(mapping) }));
  return {
    devices: mapped.flatMap(({ devices }) => devices),
    rules: [
      ...defaultDeviceRules,
      ...defaultDeviceRules,
      ...mapped.flatMap(({ mapping, devices }) =>
        devices.map((device) => ruleFor(device, mapping.CgroupPermissions || 'rwm')),
      ),
      ...(hostConfig.DeviceCgroupRules ?? []).map(parseDeviceRule),
    ],
  };
}
