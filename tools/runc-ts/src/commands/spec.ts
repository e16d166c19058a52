/** `spec`: a config.json to start from, runc's example. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { alreadyExists, unimplemented } from '@docker-ts/base/errors';
import { type RuntimeSpec, runtimeSpecVersion } from '@docker-ts/oci/runtime-spec';
import type { Command } from '../cli/command.ts';
import { bundleOption } from './create-options.ts';

const capabilities = ['CAP_AUDIT_WRITE', 'CAP_KILL', 'CAP_NET_BIND_SERVICE'];

export const exampleSpec: RuntimeSpec = {
  ociVersion: runtimeSpecVersion,
  process: {
    terminal: true,
    user: { uid: 0, gid: 0 },
    args: ['sh'],
    env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'TERM=xterm'],
    cwd: '/',
    // none inheritable: CVE-2022-24769
    capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
    rlimits: [{ type: 'RLIMIT_NOFILE', hard: 1024, soft: 1024 }],
    noNewPrivileges: true,
  },
  root: { path: 'rootfs', readonly: true },
  hostname: 'runc',
  mounts: [
    { destination: '/proc', type: 'proc', source: 'proc' },
    {
      destination: '/dev',
      type: 'tmpfs',
      source: 'tmpfs',
      options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'],
    },
    {
      destination: '/dev/pts',
      type: 'devpts',
      source: 'devpts',
      options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
    },
    {
      destination: '/dev/shm',
      type: 'tmpfs',
      source: 'shm',
      options: ['nosuid', 'noexec', 'nodev', 'mode=1777', 'size=65536k'],
    },
    { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: ['nosuid', 'noexec', 'nodev'] },
    { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev', 'ro'] },
    {
      destination: '/sys/fs/cgroup',
      type: 'cgroup',
      source: 'cgroup',
      options: ['nosuid', 'noexec', 'nodev', 'relatime', 'ro'],
    },
  ],
  linux: {
    resources: { devices: [{ allow: false, access: 'rwm' }] },
    namespaces: [
      { type: 'pid' },
      { type: 'network' },
      { type: 'ipc' },
      { type: 'uts' },
      { type: 'mount' },
      { type: 'cgroup' },
    ],
    maskedPaths: [
      '/proc/acpi',
      '/proc/asound',
      '/proc/kcore',
      '/proc/keys',
      '/proc/latency_stats',
      '/proc/timer_list',
      '/proc/timer_stats',
      '/proc/sched_debug',
      '/sys/firmware',
      '/proc/scsi',
    ],
    readonlyPaths: ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'],
  },
};

export const specCommand: Command = {
  name: 'spec',
  usage: '',
  about: 'create a new specification file',
  options: [bundleOption, { names: ['rootless'], kind: 'flag', about: 'not supported: it needs user namespaces' }],
  arity: [0, 0],
  run: ({ options }) => {
    if (options.flag('rootless')) throw unimplemented('cannot make a rootless specification: it is not supported');
    const path = join(options.value('bundle') ?? '.', 'config.json');
    if (existsSync(path)) throw alreadyExists('File config.json exists. Remove it first');
    writeFileSync(path, JSON.stringify(exampleSpec, null, '\t'), { mode: 0o666 });
    return 0;
  },
};
