/** `GET /info`: the daemon, its settings and the machine. */
import { readFileSync } from 'node:fs';
import { cpus, hostname, release, totalmem } from 'node:os';
import { containerdNamespace } from '../client/containerd.ts';
import type { DomainContext } from '../containers/context.ts';
import type { ContainerStatus } from '../containers/record.ts';
import { engineVersion } from './engine.ts';
import { now } from '../containers/clock.ts';

export interface InfoSources {
  readonly context: DomainContext;
  readonly countImages: () => Promise<number>;
  readonly eventListeners: () => number;
  readonly labels: readonly string[];
  readonly insecureRegistries: readonly string[];
  readonly registryMirrors: readonly string[];
  readonly debug: boolean;
}

function osRelease(): Readonly<Record<string, string>> {
  for (const path of ['/etc/os-release', '/usr/lib/os-release'])
    try {
      const lines = readFileSync(path, 'utf8').split('\n');
      return Object.fromEntries(
        lines.map((line) => {
          const [name = '', ...value] = line.split('=');
          return [name, value.join('=').replace(/^"(.*)"$/, '$1')];
        }),
      );
    } catch {
      // the other place
    }
  return {};
}

function countByStatus({ registry }: DomainContext): Record<string, number> {
  const all = registry.all();
  const count = (...statuses: ContainerStatus[]): number =>
    all.filter(({ state }) => statuses.includes(state.status)).length;
  return {
    Containers: all.length,
    ContainersRunning: count('running', 'restarting'),
    ContainersPaused: count('paused'),
    ContainersStopped: count('created', 'exited', 'dead', 'removing'),
  };
}

const machineArchitecture: Readonly<Record<string, string>> = { x64: 'x86_64', arm64: 'aarch64' };

function describeMachine({ facts }: DomainContext): Record<string, unknown> {
  const os = osRelease();
  return {
    MemoryLimit: facts.memory,
    SwapLimit: facts.swap,
    CpuCfsPeriod: facts.cpuCfs,
    CpuCfsQuota: facts.cpuCfs,
    CPUShares: facts.cpuShares,
    CPUSet: facts.cpuset,
    PidsLimit: facts.pids,
    IPv4Forwarding: facts.ipv4Forwarding,
    OomKillDisable: facts.oomKillDisable,
    CgroupDriver: 'cgroupfs',
    CgroupVersion: String(facts.cgroupVersion),
    KernelVersion: release(),
    OperatingSystem: os['PRETTY_NAME'] ?? 'Linux',
    OSVersion: os['VERSION_ID'] ?? '',
    OSType: 'linux',
    Architecture: machineArchitecture[process.arch] ?? process.arch,
    NCPU: cpus().length,
    MemTotal: totalmem(),
    Name: hostname(),
    SystemTime: now(),
    SecurityOptions: facts.seccomp ? ['name=seccomp,profile=builtin'] : [],
  };
}

export async function showInfo(sources: InfoSources): Promise<Record<string, unknown>> {
  const { context } = sources;
  const { containerd, runtimes, paths } = context;
  return {
    ID: context.daemonId,
    ...countByStatus(context),
    Images: await sources.countImages().catch(() => 0),
    Driver: containerd.snapshotter,
    DriverStatus: [['driver-type', 'io.containerd.snapshotter.v1']],
    Plugins: { Volume: [], Network: ['bridge', 'host', 'null'], Authorization: null, Log: ['json-file', 'none'] },
    Debug: sources.debug,
    LoggingDriver: context.defaults.logDriver,
    NEventsListener: sources.eventListeners(),
    ...describeMachine(context),
    IndexServerAddress: 'https://index.docker.io/v1/',
    RegistryConfig: {
      InsecureRegistryCIDRs: sources.insecureRegistries.filter((entry) => entry.includes('/')),
      IndexConfigs: {},
      Mirrors: [...sources.registryMirrors],
    },
    GenericResources: null,
    DockerRootDir: paths.dataRoot,
    HttpProxy: process.env['HTTP_PROXY'] ?? '',
    HttpsProxy: process.env['HTTPS_PROXY'] ?? '',
    NoProxy: process.env['NO_PROXY'] ?? '',
    Labels: [...sources.labels],
    ExperimentalBuild: false,
    ServerVersion: engineVersion,
    Runtimes: Object.fromEntries([...runtimes.list].map(([name, path]) => [name, { path: path ?? 'runc-ts' }])),
    DefaultRuntime: runtimes.defaultName,
    Swarm: {
      NodeID: '',
      NodeAddr: '',
      LocalNodeState: 'inactive',
      ControlAvailable: false,
      Error: '',
      RemoteManagers: null,
    },
    // Containers always outlive the daemon.
    LiveRestoreEnabled: true,
    Isolation: '',
    InitBinary: 'docker-init',
    ContainerdCommit: { ID: '' },
    RuncCommit: { ID: '' },
    InitCommit: { ID: '' },
    FirewallBackend: { Driver: 'nftables' },
    Containerd: { Address: containerd.address, Namespaces: { Containers: containerdNamespace, Plugins: '' } },
    Warnings: null,
  };
}
