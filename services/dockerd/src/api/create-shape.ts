/** The body of `POST /containers/create` and of `/update`: types of every field that the daemon reads (API 1.51). */
import { type BodyShape, fields, stringMap, strings } from './body-shape.ts';

const many = (shape: BodyShape, names: string): Record<string, BodyShape> =>
  Object.fromEntries(names.split(' ').map((name) => [name, shape]));

const healthcheck = fields({ Test: strings, ...many('int64', 'Interval Timeout StartPeriod StartInterval Retries') });
const device = fields(many('string', 'PathOnHost PathInContainer CgroupPermissions'));
const throttle: BodyShape = { list: fields({ Path: 'string', Rate: 'int64' }) };
const ports: BodyShape = { map: { list: fields(many('string', 'HostIp HostPort')) } };

const mount = fields({
  ...many('string', 'Type Source Target Consistency'),
  ReadOnly: 'bool',
  BindOptions: fields({
    Propagation: 'string',
    ...many('bool', 'NonRecursive CreateMountpoint ReadOnlyNonRecursive ReadOnlyForceRecursive'),
  }),
  VolumeOptions: fields({
    NoCopy: 'bool',
    Labels: stringMap,
    Subpath: 'string',
    DriverConfig: fields({ Name: 'string', Options: stringMap }),
  }),
  TmpfsOptions: fields({ SizeBytes: 'int64', Mode: 'int64', Options: { list: strings } }),
});

const resources: Record<string, BodyShape> = {
  ...many(
    'int64',
    'CpuShares Memory NanoCpus BlkioWeight CpuPeriod CpuQuota CpuRealtimePeriod CpuRealtimeRuntime MemoryReservation ' +
      'MemorySwap MemorySwappiness PidsLimit CpuCount CpuPercent IOMaximumIOps IOMaximumBandwidth',
  ),
  ...many('string', 'CgroupParent CpusetCpus CpusetMems'),
  OomKillDisable: 'bool',
  BlkioWeightDevice: { list: fields({ Path: 'string', Weight: 'int64' }) },
  ...many(throttle, 'BlkioDeviceReadBps BlkioDeviceWriteBps BlkioDeviceReadIOps BlkioDeviceWriteIOps'),
  Devices: { list: device },
  DeviceCgroupRules: strings,
  DeviceRequests: {
    list: fields({
      Driver: 'string',
      Count: 'int64',
      DeviceIDs: strings,
      Capabilities: { list: strings },
      Options: stringMap,
    }),
  },
  Ulimits: { list: fields({ Name: 'string', Soft: 'int64', Hard: 'int64' }) },
};

const restartPolicy = fields({ Name: 'string', MaximumRetryCount: 'int64' });

const hostConfig = fields({
  ...resources,
  ...many(strings, 'Binds VolumesFrom CapAdd CapDrop Dns DnsOptions DnsSearch ExtraHosts GroupAdd Links SecurityOpt'),
  ...many(strings, 'MaskedPaths ReadonlyPaths'),
  ...many(
    'string',
    'ContainerIDFile NetworkMode VolumeDriver CgroupnsMode IpcMode Cgroup PidMode UTSMode UsernsMode Runtime Isolation',
  ),
  ...many('bool', 'AutoRemove Privileged PublishAllPorts ReadonlyRootfs Init'),
  ...many('int64', 'OomScoreAdj ShmSize'),
  ...many(stringMap, 'Annotations StorageOpt Tmpfs Sysctls'),
  ConsoleSize: { list: 'int64' },
  LogConfig: fields({ Type: 'string', Config: stringMap }),
  PortBindings: ports,
  RestartPolicy: restartPolicy,
  Mounts: { list: mount },
});

export const createShape: BodyShape = {
  name: 'container.CreateRequest',
  fields: {
    ...many('string', 'Hostname Domainname User Image WorkingDir MacAddress StopSignal'),
    ...many('bool', 'AttachStdin AttachStdout AttachStderr Tty OpenStdin StdinOnce ArgsEscaped NetworkDisabled'),
    ...many({ words: true }, 'Cmd Entrypoint Shell'),
    ...many(strings, 'Env OnBuild'),
    ...many({ map: fields({}) }, 'ExposedPorts Volumes'),
    Labels: stringMap,
    StopTimeout: 'int64',
    Healthcheck: healthcheck,
    HostConfig: hostConfig,
    NetworkingConfig: fields({ EndpointsConfig: { map: fields({}) } }),
  },
};

export const updateShape: BodyShape = {
  name: 'container.UpdateConfig',
  fields: { ...resources, RestartPolicy: restartPolicy },
};

export const execShape: BodyShape = {
  name: 'container.ExecOptions',
  fields: {
    ...many('string', 'User DetachKeys WorkingDir'),
    ...many('bool', 'Privileged Tty AttachStdin AttachStdout AttachStderr Detach'),
    ConsoleSize: { list: 'int64' },
    Env: strings,
    Cmd: { words: true },
  },
};

export const execStartShape: BodyShape = {
  name: 'container.ExecStartOptions',
  fields: { Detach: 'bool', Tty: 'bool', ConsoleSize: { list: 'int64' } },
};
