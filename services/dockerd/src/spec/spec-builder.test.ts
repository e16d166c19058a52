/** Golden tests: our spec beside the recordings of dockerd 28.5 in testdata/specs.json (made by scripts/record-specs.ts). */
import type { LinuxDevice, RuntimeSpec } from '@docker-ts/oci/runtime-spec';
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ContainerConfig, HostConfig } from './container-config.ts';
import { completeHostConfig, defaultShmSizeBytes } from './host-config.ts';
import type { HostFacts } from './host-facts.ts';
import { mergeImageDefaults } from './image-defaults.ts';
import { parseMountPoints } from './mount-points.ts';
import { buildRuntimeSpec, defaultDaemonSpec } from './spec-builder.ts';
import { resolveUser } from './user.ts';
import { verifyCreateRequest } from './verify-config.ts';

interface Recording {
  readonly name: string;
  readonly line: string;
  readonly request: ContainerConfig & { readonly HostConfig: HostConfig };
  readonly inspect: { readonly Config: ContainerConfig; readonly HostConfig: HostConfig };
  readonly spec: RuntimeSpec & {
    readonly linux: { readonly seccomp?: unknown; readonly devices?: readonly LinuxDevice[] };
  };
}

const { records, profiles } = JSON.parse(readFileSync(join(import.meta.dir, 'testdata/specs.json'), 'utf8')) as {
  readonly records: readonly Recording[];
  readonly profiles: Readonly<Record<string, unknown>>;
};

/** The machine that the recordings were made on. */
const allCapabilities = records.find(({ name }) => name === 'privileged')?.spec.process?.capabilities?.bounding ?? [];
const facts: HostFacts = {
  cgroupVersion: 1,
  cpus: 2,
  cpuList: '0-1',
  memoryNodes: '0',
  memory: true,
  swap: true,
  memoryReservation: true,
  swappiness: true,
  oomKillDisable: true,
  cpuShares: true,
  cpuCfs: true,
  cpuset: true,
  pids: true,
  blkioWeight: false,
  blkioWeightDevice: false,
  blkioThrottle: true,
  seccomp: true,
  apparmor: false,
  ipv4Forwarding: true,
  recursiveReadonly: true,
  kernel: { major: 6, minor: 18 },
  arch: 'x64',
  capabilities: allCapabilities,
  hasSysctl: () => true,
};

/** The image `golden` of the recording script. */
const goldenImage = {
  Env: ['COLOR=blue', 'A=image'],
  User: 'bob',
  WorkingDir: '/srv',
  Entrypoint: ['sleep'],
  Cmd: ['66'],
  StopSignal: 'SIGQUIT',
};
const files = {
  passwd: 'root:x:0:0:root:/root:/bin/sh\nbob:x:1000:1000:Bob:/home/bob:/bin/sh\n',
  group: 'root:x:0:\nstaff:x:50:bob\naudio:x:63:bob,root\nbob:x:1000:\n',
};
const id = '0123456789abcdef'.repeat(4);
let scratch = '';

beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'docker-ts-spec-'));
  mkdirSync(join(scratch, 'bind'));
  writeFileSync(join(scratch, 'bind/file'), '');
});
afterAll(() => rmSync(scratch, { recursive: true }));

/** `/bind` of the recordings is a folder of ours while the spec is built. */
const localize = (value: unknown, from: string, to: string): unknown =>
  JSON.parse(JSON.stringify(value).replaceAll(`"${from}`, `"${to}`).replaceAll(`:${from}`, `:${to}`)) as unknown;

function specOf(recording: Recording): unknown {
  const bind = join(scratch, 'bind');
  const { HostConfig: sentHost, ...sentConfig } = localize(recording.request, '/bind', bind) as Recording['request'];
  const isGolden = sentConfig.Image === 'golden';
  const verified = verifyCreateRequest(
    mergeImageDefaults(sentConfig, isGolden ? goldenImage : {}),
    completeHostConfig(sentHost, {
      cgroupVersion: 1,
      runtime: 'runc',
      logDriver: 'json-file',
      logOptions: {},
      shmSizeBytes: defaultShmSizeBytes,
      containerId: () => undefined,
    }),
    facts,
  );
  const { hostConfig } = verified;
  const hostname = recording.inspect.Config.Hostname ?? '';
  const config = { ...verified.config, Hostname: hostname };
  const folder = '/var/lib/docker-ts/containers';
  const shmPath = { host: '/dev/shm', shareable: `${folder}/{id}/mounts/shm` }[hostConfig.IpcMode ?? ''];
  const spec = buildRuntimeSpec({
    id,
    config,
    hostConfig,
    mountPoints: parseMountPoints(hostConfig, config.Volumes ?? null),
    networkFiles: {
      resolvConf: `${folder}/{id}/resolv.conf`,
      hostname: `${folder}/{id}/hostname`,
      hosts: `${folder}/{id}/hosts`,
    },
    namespaces: { pidOf: () => 1 },
    user: resolveUser(
      config.User ?? '',
      isGolden ? files : { passwd: undefined, group: undefined },
      hostConfig.GroupAdd ?? [],
    ),
    ...(shmPath === undefined ? {} : { shmPath }),
    facts,
    daemon: { ...defaultDaemonSpec, cgroupParent: '/docker' },
    hostDevices: () => [...(recording.spec.linux.devices ?? [])],
  });
  return localize(JSON.parse(JSON.stringify(spec).replaceAll(id, '{id}')), bind, '/bind');
}

/** Of the recording, what differs for good reason is put into our terms. */
function expectedOf({ spec }: Recording): unknown {
  const text = JSON.stringify({
    ...spec,
    root: { ...spec.root, path: 'rootfs' },
    linux: {
      ...spec.linux,
      ...(typeof spec.linux.seccomp === 'string' ? { seccomp: profiles[spec.linux.seccomp] } : {}),
    },
  });
  return JSON.parse(text.replace(/\/tmp\/[^"]*\/containers\/\{id\}/g, '/var/lib/docker-ts/containers/{id}'));
}

/** The order of mounts of one depth is no order at all in the original (a Go map). */
function sortMounts(spec: unknown): unknown {
  const { mounts = [], ...rest } = spec as RuntimeSpec;
  const depth = (path: string): number => path.split('/').length;
  const own = mounts
    .slice(5)
    .toSorted((a, b) => depth(a.destination) - depth(b.destination) || a.destination.localeCompare(b.destination));
  return { ...rest, mounts: [...mounts.slice(0, 5), ...own] };
}

describe('buildRuntimeSpec gives what dockerd 28.5 gave for docker create', () => {
  for (const recording of records)
    test(`${recording.name}: ${recording.line}`, () => {
      expect(sortMounts(specOf(recording))).toEqual(sortMounts(expectedOf(recording)));
    });
});

describe('completeHostConfig and verifyCreateRequest give the HostConfig that dockerd 28.5 shows', () => {
  for (const recording of records)
    test(recording.name, () => {
      const completed = completeHostConfig(recording.request.HostConfig, {
        cgroupVersion: 1,
        runtime: 'runc',
        logDriver: 'json-file',
        logOptions: {},
        shmSizeBytes: defaultShmSizeBytes,
        containerId: () => undefined,
      });
      const { hostConfig } = verifyCreateRequest(recording.request, completed, facts);
      expect(hostConfig).toEqual(recording.inspect.HostConfig);
    });
});
