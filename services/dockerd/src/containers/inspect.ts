/** `GET /containers/x/json`: the record as Engine API 1.51 shows it, with every field that dockerd 28 has. */
import type { HostConfig } from '../spec/container-config.ts';
import type { MountPoint } from '../spec/mount-points.ts';
import type { Container } from './container.ts';
import type { DomainContext } from './context.ts';
import { writableSizeBytes } from './disk-usage.ts';
import type { ContainerRecord, ContainerState } from './record.ts';

/** What the original shows for fields that the client left out. */
const hostConfigDefaults = {
  Binds: null,
  ContainerIDFile: '',
  LogConfig: { Type: 'json-file', Config: {} },
  NetworkMode: 'bridge',
  PortBindings: {},
  RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
  AutoRemove: false,
  VolumeDriver: '',
  VolumesFrom: null,
  ConsoleSize: [0, 0],
  CapAdd: null,
  CapDrop: null,
  CgroupnsMode: 'host',
  Dns: [],
  DnsOptions: [],
  DnsSearch: [],
  ExtraHosts: null,
  GroupAdd: null,
  IpcMode: 'private',
  Cgroup: '',
  Links: null,
  OomScoreAdj: 0,
  PidMode: '',
  Privileged: false,
  PublishAllPorts: false,
  ReadonlyRootfs: false,
  SecurityOpt: null,
  UTSMode: '',
  UsernsMode: '',
  ShmSize: 67108864,
  Runtime: 'runc',
  Isolation: '',
  CpuShares: 0,
  Memory: 0,
  NanoCpus: 0,
  CgroupParent: '',
  BlkioWeight: 0,
  BlkioWeightDevice: [],
  BlkioDeviceReadBps: [],
  BlkioDeviceWriteBps: [],
  BlkioDeviceReadIOps: [],
  BlkioDeviceWriteIOps: [],
  CpuPeriod: 0,
  CpuQuota: 0,
  CpuRealtimePeriod: 0,
  CpuRealtimeRuntime: 0,
  CpusetCpus: '',
  CpusetMems: '',
  Devices: [],
  DeviceCgroupRules: null,
  DeviceRequests: null,
  MemoryReservation: 0,
  MemorySwap: 0,
  MemorySwappiness: null,
  OomKillDisable: false,
  PidsLimit: null,
  Ulimits: [],
  CpuCount: 0,
  CpuPercent: 0,
  IOMaximumIOps: 0,
  IOMaximumBandwidth: 0,
  MaskedPaths: null,
  ReadonlyPaths: null,
} as const;

const configDefaults = {
  Hostname: '',
  Domainname: '',
  User: '',
  AttachStdin: false,
  AttachStdout: false,
  AttachStderr: false,
  Tty: false,
  OpenStdin: false,
  StdinOnce: false,
  Env: null,
  Cmd: null,
  Image: '',
  Volumes: null,
  WorkingDir: '',
  Entrypoint: null,
  OnBuild: null,
  Labels: {},
} as const;

/** Fields that the original leaves out where Go's `omitempty` applies. */
const emptyOmitted: readonly string[] = [
  'Annotations',
  'StorageOpt',
  'Tmpfs',
  'Sysctls',
  'Mounts',
  'Init',
  'ExposedPorts',
  'Healthcheck',
  'ArgsEscaped',
  'Shell',
  'StopSignal',
  'StopTimeout',
  'MacAddress',
  'NetworkDisabled',
];

const isEmpty = (value: unknown): boolean =>
  value === null ||
  value === undefined ||
  value === '' ||
  (Array.isArray(value) && value.length === 0) ||
  (typeof value === 'object' && Object.keys(value).length === 0);

/** Defaults first, so that the order of fields is the original's; unset fields take them, empty optional ones are left out. */
function completed(defaults: object, value: object): Record<string, unknown> {
  const merged: Record<string, unknown> = { ...defaults };
  for (const [name, field] of Object.entries(value)) {
    if (emptyOmitted.includes(name) && isEmpty(field)) continue;
    if (field === undefined || (field === null && name in merged)) continue;
    merged[name] = field;
  }
  return merged;
}

/** HostConfig as `inspect` shows it. */
export const showHostConfig = (hostConfig: HostConfig): Record<string, unknown> =>
  completed(hostConfigDefaults, hostConfig);

function showState(state: ContainerState): Record<string, unknown> {
  const { status, oomKilled, pid, exitCode, error, startedAt, finishedAt } = state;
  return {
    Status: status,
    Running: status === 'running' || status === 'paused' || status === 'restarting',
    Paused: status === 'paused',
    Restarting: status === 'restarting',
    OOMKilled: oomKilled,
    Dead: status === 'dead',
    Pid: pid,
    ExitCode: exitCode,
    Error: error,
    StartedAt: startedAt,
    FinishedAt: finishedAt,
  };
}

/** Mounts of `--tmpfs` are not listed, as in the original. */
export function showMounts(mounts: readonly MountPoint[]): Record<string, unknown>[] {
  return mounts
    .filter(({ hidden }) => !hidden)
    .map(({ type, source, destination, mode, writable, propagation }) => ({
      Type: type,
      Source: source,
      Destination: destination,
      Mode: mode,
      RW: writable,
      Propagation: propagation,
    }));
}

/** `size` adds SizeRw and SizeRootFs. */
export async function inspectContainer(
  context: DomainContext,
  container: Container,
  size: boolean,
): Promise<Record<string, unknown>> {
  const { record } = container;
  return {
    Id: record.id,
    Created: record.created,
    Path: record.path,
    Args: record.args,
    State: showState(record.state),
    Image: record.imageId,
    ...showFiles(context, record),
    Name: `/${record.name}`,
    RestartCount: record.restartCount,
    Driver: record.snapshotter,
    Platform: record.platform.os,
    ...(record.imageManifest === undefined ? {} : { ImageManifestDescriptor: showManifest(record) }),
    MountLabel: '',
    ProcessLabel: '',
    AppArmorProfile: '',
    ExecIDs: runningExecs(container),
    HostConfig: showHostConfig(record.hostConfig),
    GraphDriver: { Data: null, Name: record.snapshotter },
    ...(size ? await showSizes(context, container) : {}),
    Mounts: showMounts(record.mounts),
    Config: completed(configDefaults, record.config),
    NetworkSettings: context.networks.settings(record),
  };
}

function showFiles({ paths }: DomainContext, record: ContainerRecord): Record<string, unknown> {
  // The files are written by the first start.
  const made = record.state.startedAt !== '0001-01-01T00:00:00Z';
  return {
    ResolvConfPath: made ? record.resolvConfPath : '',
    HostnamePath: made ? record.hostnamePath : '',
    HostsPath: made ? record.hostsPath : '',
    LogPath: made && record.hostConfig.LogConfig?.Type !== 'none' ? paths.log(record.id) : '',
  };
}

function showManifest({ imageManifest: manifest, platform }: ContainerRecord): Record<string, unknown> {
  return { ...manifest, platform };
}

function runningExecs({ execs }: Container): string[] | null {
  const ids = [...execs.values()].filter(({ status }) => status !== 'exited').map(({ id }) => id);
  return ids.length === 0 ? null : ids;
}

async function showSizes(context: DomainContext, container: Container): Promise<Record<string, number>> {
  const own = await writableSizeBytes(context, container);
  return { SizeRw: own, SizeRootFs: own + (await imageSizeBytes(context, container)) };
}

/** The unpacked layers below: the snapshot's ancestors. */
export async function imageSizeBytes({ containerd }: DomainContext, { record }: Container): Promise<number> {
  const { snapshotter } = record;
  let total = 0;
  let { info } = await containerd.snapshots.stat({ snapshotter, key: record.snapshotKey });
  while (info !== undefined && info.parent !== '') {
    const key = info.parent;
    const [usage, stat] = await Promise.all([
      containerd.snapshots.usage({ snapshotter, key }),
      containerd.snapshots.stat({ snapshotter, key }),
    ]);
    total += Number(usage.size);
    ({ info } = stat);
  }
  return total;
}
