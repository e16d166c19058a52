/** The shape of config.json: which members there are, of which type and range. What members mean to each other: `runtime-spec-validation.ts`. */
import {
  absolutePath,
  arrayOf,
  boolean,
  int32,
  int64,
  integer,
  type JsonShape,
  nonEmptyString,
  objectOf,
  oneOf,
  recordOf,
  string,
  uint16,
  uint32,
  uint64,
} from './json-shape.ts';

const strings = arrayOf(string);
const idMappings = arrayOf(
  objectOf({ containerID: uint32, hostID: uint32, size: uint32 }, ['containerID', 'hostID', 'size']),
);

const consoleSize = objectOf({ height: uint16, width: uint16 });
const user = objectOf({ uid: uint32, gid: uint32, umask: uint32, additionalGids: arrayOf(uint32) });
const capabilities = objectOf({
  bounding: strings,
  effective: strings,
  inheritable: strings,
  permitted: strings,
  ambient: strings,
});
const rlimit = objectOf({ type: nonEmptyString, soft: uint64, hard: uint64 }, ['type', 'soft', 'hard']);
const scheduler = objectOf(
  {
    policy: oneOf(
      'scheduler policy',
      ['OTHER', 'FIFO', 'RR', 'BATCH', 'ISO', 'IDLE', 'DEADLINE'].map((name) => `SCHED_${name}`),
    ),
    nice: int32,
    priority: int32,
    flags: arrayOf(
      oneOf(
        'scheduler flag',
        [
          'RESET_ON_FORK',
          'RECLAIM',
          'DL_OVERRUN',
          'KEEP_POLICY',
          'KEEP_PARAMS',
          'UTIL_CLAMP_MIN',
          'UTIL_CLAMP_MAX',
        ].map((name) => `SCHED_FLAG_${name}`),
      ),
    ),
    runtime: uint64,
    deadline: uint64,
    period: uint64,
  },
  ['policy'],
);
const ioPriority = objectOf(
  {
    class: oneOf('I/O priority class', ['IOPRIO_CLASS_RT', 'IOPRIO_CLASS_BE', 'IOPRIO_CLASS_IDLE']),
    priority: integer(0, 7),
  },
  ['class', 'priority'],
);

/** `process`, and what `exec --process` reads. */
export const processShape: JsonShape = objectOf(
  {
    terminal: boolean,
    consoleSize,
    user,
    args: strings,
    env: strings,
    cwd: absolutePath,
    capabilities,
    rlimits: arrayOf(rlimit),
    noNewPrivileges: boolean,
    apparmorProfile: string,
    oomScoreAdj: integer(-1000, 1000),
    scheduler,
    selinuxLabel: string,
    ioPriority,
    execCPUAffinity: objectOf({ initial: string, final: string }),
  },
  ['cwd'],
);

const mount = objectOf(
  {
    destination: nonEmptyString,
    type: string,
    source: string,
    options: strings,
    uidMappings: idMappings,
    gidMappings: idMappings,
  },
  ['destination'],
);

const hookList = arrayOf(
  objectOf({ path: absolutePath, args: strings, env: strings, timeout: integer(1, 2_147_483_647) }, ['path']),
);
const hooks = objectOf({
  prestart: hookList,
  createRuntime: hookList,
  createContainer: hookList,
  startContainer: hookList,
  poststart: hookList,
  poststop: hookList,
});

const throttleDevices = arrayOf(objectOf({ major: int64, minor: int64, rate: uint64 }, ['major', 'minor', 'rate']));
const blockIO = objectOf({
  weight: uint16,
  leafWeight: uint16,
  weightDevice: arrayOf(
    objectOf({ major: int64, minor: int64, weight: uint16, leafWeight: uint16 }, ['major', 'minor']),
  ),
  throttleReadBpsDevice: throttleDevices,
  throttleWriteBpsDevice: throttleDevices,
  throttleReadIOPSDevice: throttleDevices,
  throttleWriteIOPSDevice: throttleDevices,
});

/** `linux.resources`, and what `update` reads. */
export const resourcesShape: JsonShape = objectOf({
  devices: arrayOf(objectOf({ allow: boolean, type: string, major: int64, minor: int64, access: string }, ['allow'])),
  memory: objectOf({
    limit: int64,
    reservation: int64,
    swap: int64,
    kernel: int64,
    kernelTCP: int64,
    swappiness: uint64,
    disableOOMKiller: boolean,
    useHierarchy: boolean,
    checkBeforeUpdate: boolean,
  }),
  cpu: objectOf({
    shares: uint64,
    quota: int64,
    burst: uint64,
    period: uint64,
    realtimeRuntime: int64,
    realtimePeriod: uint64,
    cpus: string,
    mems: string,
    idle: int64,
  }),
  pids: objectOf({ limit: int64 }),
  blockIO,
  hugepageLimits: arrayOf(objectOf({ pageSize: nonEmptyString, limit: uint64 }, ['pageSize', 'limit'])),
  network: objectOf({
    classID: uint32,
    priorities: arrayOf(objectOf({ name: nonEmptyString, priority: uint32 }, ['name', 'priority'])),
  }),
  rdma: recordOf(objectOf({ hcaHandles: uint32, hcaObjects: uint32 })),
  unified: recordOf(string),
});

const seccompAction = oneOf(
  'seccomp action',
  ['KILL', 'KILL_PROCESS', 'KILL_THREAD', 'TRAP', 'ERRNO', 'TRACE', 'ALLOW', 'LOG', 'NOTIFY'].map(
    (name) => `SCMP_ACT_${name}`,
  ),
);
const seccompOperator = oneOf(
  'seccomp operator',
  ['NE', 'LT', 'LE', 'EQ', 'GE', 'GT', 'MASKED_EQ'].map((name) => `SCMP_CMP_${name}`),
);
const seccomp = objectOf({
  defaultAction: seccompAction,
  defaultErrnoRet: uint32,
  architectures: strings,
  flags: strings,
  listenerPath: string,
  listenerMetadata: string,
  syscalls: arrayOf(
    objectOf(
      {
        names: strings,
        action: seccompAction,
        errnoRet: uint32,
        args: arrayOf(
          objectOf({ index: integer(0, 5), value: uint64, valueTwo: uint64, op: seccompOperator }, [
            'index',
            'value',
            'op',
          ]),
        ),
      },
      ['names', 'action'],
    ),
  ),
});

const namespaceTypes = ['pid', 'network', 'mount', 'ipc', 'uts', 'user', 'cgroup', 'time'];
const linux = objectOf({
  uidMappings: idMappings,
  gidMappings: idMappings,
  sysctl: recordOf(string),
  resources: resourcesShape,
  cgroupsPath: string,
  namespaces: arrayOf(objectOf({ type: oneOf('namespace', namespaceTypes), path: string }, ['type'])),
  devices: arrayOf(
    objectOf(
      {
        path: absolutePath,
        type: oneOf('device type', ['c', 'b', 'u', 'p']),
        major: int64,
        minor: int64,
        fileMode: uint32,
        uid: uint32,
        gid: uint32,
      },
      ['path', 'type'],
    ),
  ),
  netDevices: recordOf(objectOf({ name: string })),
  seccomp,
  rootfsPropagation: oneOf('propagation', [
    '',
    ...['shared', 'slave', 'private', 'unbindable'].flatMap((name) => [name, `r${name}`]),
  ]),
  maskedPaths: strings,
  readonlyPaths: strings,
  mountLabel: string,
  intelRdt: objectOf({
    closID: string,
    schemata: strings,
    l3CacheSchema: string,
    memBwSchema: string,
    enableMonitoring: boolean,
  }),
  memoryPolicy: objectOf({ mode: string, nodes: string, flags: strings }, ['mode']),
  personality: objectOf({ domain: oneOf('personality', ['LINUX', 'LINUX32']), flags: strings }, ['domain']),
  timeOffsets: recordOf(objectOf({ secs: int64, nanosecs: integer(0, 999_999_999) })),
});

export const runtimeSpecShape: JsonShape = objectOf(
  {
    ociVersion: nonEmptyString,
    process: processShape,
    root: objectOf({ path: nonEmptyString, readonly: boolean }, ['path']),
    hostname: string,
    domainname: string,
    mounts: arrayOf(mount),
    hooks,
    annotations: recordOf(string),
    linux,
  },
  ['ociVersion'],
);
