/**
 * The OCI runtime spec of a container, from its config, HostConfig and what start found out (user, network, files): what dockerd
 * 28 hands to containerd, field by field (testdata/specs.json holds recordings of it). Nothing here touches the container; the
 * host is only looked at (devices, mount table).
 */
import { failedPrecondition } from '@docker-ts/base/errors';
import {
  type Linux,
  type LinuxSeccomp,
  type Process,
  type RuntimeSpec,
  runtimeSpecVersion,
} from '@docker-ts/oci/runtime-spec';
import { posix } from 'node:path';
import { containerCapabilities } from './capability-sets.ts';
import type { ContainerConfig, HostConfig, Ulimit } from './container-config.ts';
import { defaultMaskedPaths, defaultReadonlyPaths } from './default-spec.ts';
import { containerDevices, hostDevices } from './devices.ts';
import { containerEnvironment } from './environment.ts';
import type { HostFacts } from './host-facts.ts';
import { processArguments } from './image-defaults.ts';
import type { MountPoint } from './mount-points.ts';
import { containerMounts, initDestination, type NetworkFiles } from './mounts.ts';
import { hasOwnNetwork, hasOwnPidNamespace } from './namespace-modes.ts';
import { containerNamespaces, type NamespaceSources } from './namespaces.ts';
import { blockIoResources, cpuResources, memoryResources, pidsResources, resourceLimits } from './resources.ts';
import { defaultSeccompProfile } from './seccomp-default.ts';
import { narrowSeccomp, parseSeccompProfile } from './seccomp.ts';
import { parseSecurityOptions, type SecurityOptions } from './security-options.ts';
import type { ProcessUser } from './user.ts';

export interface SpecInput {
  /** Full container id, 64 hex digits. */
  readonly id: string;
  /** With the image's defaults merged in (`mergeImageDefaults`). */
  readonly config: ContainerConfig;
  /** Completed (`completeHostConfig`) and verified. */
  readonly hostConfig: HostConfig;
  readonly mountPoints: readonly MountPoint[];
  readonly networkFiles: NetworkFiles;
  readonly namespaces: NamespaceSources;
  readonly user: ProcessUser;
  /** /dev/shm's source for IPC modes other than private and none. */
  readonly shmPath?: string;
  /** Host path of the init program; needed if the container asks for one. */
  readonly initPath?: string;
  readonly facts: HostFacts;
  readonly daemon: DaemonSpecDefaults;
  /** Lists the nodes for `--privileged`; a test's own. */
  readonly hostDevices?: typeof hostDevices;
}

/** Daemon settings that reach into every spec. */
export interface DaemonSpecDefaults {
  /** Parent of the containers' cgroups unless `--cgroup-parent` names another one. */
  readonly cgroupParent: string;
  /** `--init`: an init for containers that do not say. */
  readonly init: boolean;
  readonly noNewPrivileges: boolean;
  readonly ulimits: readonly Ulimit[];
}

export const defaultDaemonSpec: DaemonSpecDefaults = {
  cgroupParent: '/docker-ts',
  init: false,
  noNewPrivileges: false,
  ulimits: [],
};

/** `--init` means something only where the process would be pid 1 of its own namespace. */
export function wantsInit(hostConfig: HostConfig, daemonInit: boolean): boolean {
  return hasOwnPidNamespace(hostConfig) && (hostConfig.Init ?? daemonInit);
}

function specSeccomp(
  input: SpecInput,
  security: SecurityOptions,
  capabilities: readonly string[],
): LinuxSeccomp | undefined {
  const { facts, hostConfig } = input;
  const profile = security.seccomp ?? '';
  if (profile === 'unconfined') return undefined;
  const custom = profile !== '' && profile !== 'builtin';
  if (hostConfig.Privileged === true && !custom) return undefined;
  if (!facts.seccomp) {
    if (custom) throw failedPrecondition('seccomp is not enabled in your kernel, cannot run a custom seccomp profile');
    return undefined;
  }
  return narrowSeccomp(custom ? parseSeccompProfile(profile) : defaultSeccompProfile, {
    capabilities,
    arch: facts.arch,
    kernel: facts.kernel,
  });
}

/**
 * AppArmor's profile of a container. The daemon loads no profile of its own yet, so that a container is confined only where the
 * client names a profile that the host has.
 */
function apparmorProfile(input: SpecInput, security: SecurityOptions): string | undefined {
  if (!input.facts.apparmor) return undefined;
  return security.apparmor || (input.hostConfig.Privileged === true ? 'unconfined' : undefined);
}

function specProcess(input: SpecInput, security: SecurityOptions, capabilities: readonly string[]): Process {
  const { config, hostConfig, user, daemon } = input;
  const command = processArguments(config);
  const rlimits = resourceLimits(hostConfig.Ulimits ?? [], daemon.ulimits);
  const [height = 0, width = 0] = hostConfig.ConsoleSize ?? [];
  const apparmor = apparmorProfile(input, security);
  return {
    ...(config.Tty === true ? { terminal: true } : {}),
    ...(config.Tty === true && (height > 0 || width > 0) ? { consoleSize: { height, width } } : {}),
    user: { uid: user.uid, gid: user.gid, additionalGids: user.additionalGids },
    args:
      input.initPath !== undefined && wantsInit(hostConfig, daemon.init)
        ? [initDestination, '--', ...command]
        : command,
    env: containerEnvironment(config),
    cwd: config.WorkingDir || '/',
    capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
    ...(rlimits.length === 0 ? {} : { rlimits }),
    ...(security.noNewPrivileges ? { noNewPrivileges: true } : {}),
    ...(apparmor === undefined ? {} : { apparmorProfile: apparmor }),
    oomScoreAdj: hostConfig.OomScoreAdj ?? 0,
  };
}

/** Harmless network sysctls that spare containers NET_RAW and NET_BIND_SERVICE, the domain name, then the client's own. */
function specSysctls({ config, hostConfig, facts }: SpecInput): Record<string, string> {
  const sysctls: Record<string, string> = {};
  const own = hasOwnNetwork(hostConfig);
  if (config.Domainname) sysctls['kernel.domainname'] = config.Domainname;
  if (own && facts.hasSysctl('net.ipv4.ip_unprivileged_port_start'))
    sysctls['net.ipv4.ip_unprivileged_port_start'] = '0';
  if (own && facts.hasSysctl('net.ipv4.ping_group_range')) sysctls['net.ipv4.ping_group_range'] = '0 2147483647';
  return { ...sysctls, ...hostConfig.Sysctls };
}

function specLinux(input: SpecInput, security: SecurityOptions, capabilities: readonly string[]): Linux {
  const { hostConfig, daemon } = input;
  const { devices, rules } = containerDevices(hostConfig, input.hostDevices ?? hostDevices);
  const memory = memoryResources(hostConfig);
  const cpu = cpuResources(hostConfig);
  const pids = pidsResources(hostConfig);
  const seccomp = specSeccomp(input, security, capabilities);
  const masked = hostConfig.Privileged === true ? [] : (hostConfig.MaskedPaths ?? defaultMaskedPaths);
  const readonly = hostConfig.Privileged === true ? [] : (hostConfig.ReadonlyPaths ?? defaultReadonlyPaths);
  const sysctl = specSysctls(input);
  return {
    ...(Object.keys(sysctl).length === 0 ? {} : { sysctl }),
    resources: {
      devices: rules,
      ...(memory === undefined ? {} : { memory }),
      ...(cpu === undefined ? {} : { cpu }),
      ...(pids === undefined ? {} : { pids }),
      blockIO: blockIoResources(hostConfig),
    },
    cgroupsPath: posix.join(hostConfig.CgroupParent || daemon.cgroupParent, input.id),
    namespaces: containerNamespaces(hostConfig, input.namespaces),
    ...(devices.length === 0 ? {} : { devices }),
    ...(seccomp === undefined ? {} : { seccomp }),
    ...(masked.length === 0 ? {} : { maskedPaths: masked }),
    ...(readonly.length === 0 ? {} : { readonlyPaths: readonly }),
  };
}

/** Builds the spec. Throws invalid_argument for what only shows here (devices, security options, user). */
export function buildRuntimeSpec(input: SpecInput): RuntimeSpec {
  const { config, hostConfig, facts, daemon } = input;
  const security = parseSecurityOptions(hostConfig.SecurityOpt ?? [], daemon.noNewPrivileges);
  const capabilities = containerCapabilities(hostConfig, facts.capabilities);
  const { mounts, rootfsPropagation } = containerMounts({
    hostConfig,
    mountPoints: input.mountPoints,
    networkFiles: input.networkFiles,
    shmPath: input.shmPath,
    initPath: wantsInit(hostConfig, daemon.init) ? input.initPath : undefined,
    recursiveReadonly: facts.recursiveReadonly,
    writableCgroups: security.writableCgroups ?? hostConfig.Privileged === true,
  });
  const linux = specLinux(input, security, capabilities);
  return {
    ociVersion: runtimeSpecVersion,
    process: specProcess(input, security, capabilities),
    // Relative to the bundle: containerd and the shim mount the snapshot there.
    root: { path: 'rootfs', ...(hostConfig.ReadonlyRootfs === true ? { readonly: true } : {}) },
    ...(hostConfig.UTSMode === 'host' || !config.Hostname ? {} : { hostname: config.Hostname }),
    mounts,
    ...(Object.keys(hostConfig.Annotations ?? {}).length === 0 ? {} : { annotations: hostConfig.Annotations ?? {} }),
    linux: rootfsPropagation === undefined ? linux : { ...linux, rootfsPropagation },
  };
}
