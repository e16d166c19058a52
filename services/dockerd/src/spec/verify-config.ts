/**
 * Checks of `POST /containers/create` that need neither image nor kernel: combinations that make no sense, values out of range.
 * Texts and order are dockerd 28's (daemon/container.go, daemon/internal/runconfig).
 */
import { type CodedError, invalidArgument, messageOf, unimplemented } from '@docker-ts/base/errors';
import { constants } from 'node:os';
import { isIP } from 'node:net';
import { posix } from 'node:path';
import { normalizeCapabilities } from './capability-sets.ts';
import type { ContainerConfig, HealthConfig, HostConfig, RestartPolicy } from './container-config.ts';
import type { HostFacts } from './host-facts.ts';
import { containerOfMode, verifyNamespaceModes } from './namespace-modes.ts';
import { verifyResources } from './verify-resources.ts';

/** HOST_NAME_MAX of include/uapi/linux/limits.h. */
const hostnameMaxBytes = 64;
const minimumHealthNs = 1_000_000;

const conflicting = (what: string): CodedError => invalidArgument(`conflicting options: ${what}`);

function verifyContainerNetwork(config: ContainerConfig, hostConfig: HostConfig): void {
  const other = containerOfMode(hostConfig.NetworkMode);
  if (other === undefined && hostConfig.NetworkMode !== 'container') return;
  if (!other) throw invalidArgument('invalid network mode: invalid container format container:<name|id>');
  if (config.Hostname) throw conflicting('hostname and the network mode');
  if (hostConfig.Links?.length)
    throw conflicting(`container type network can't be used with links. This would result in undefined behavior`);
  if (hostConfig.Dns?.length) throw conflicting('dns and the network mode');
  if (hostConfig.ExtraHosts?.length) throw conflicting('custom host-to-IP mapping and the network mode');
  if (Object.keys(hostConfig.PortBindings ?? {}).length > 0 || hostConfig.PublishAllPorts === true)
    throw conflicting('port publishing and the container type network mode');
  if (Object.keys(config.ExposedPorts ?? {}).length > 0)
    throw conflicting('port exposing and the container type network mode');
}

function verifyNetworkMode(config: ContainerConfig, hostConfig: HostConfig): void {
  verifyContainerNetwork(config, hostConfig);
  if (hostConfig.UTSMode === 'host' && config.Hostname) throw conflicting('hostname and the UTS mode');
  if (hostConfig.NetworkMode === 'host' && hostConfig.Links?.length)
    throw conflicting(`host type networking can't be used with links. This would result in undefined behavior`);
}

/** A signal by name (with or without SIG) or number, as `--stop-signal` takes it. */
export function parseSignal(word: string): number {
  const number = /^\d+$/.test(word)
    ? Number(word)
    : (constants.signals as Readonly<Record<string, number>>)[`SIG${word.toUpperCase().replace(/^SIG/, '')}`];
  if (number !== undefined && number >= 1 && number <= 64) return number;
  const realTime = /^(?:SIG)?RTM(?:IN\+(\d+)|AX-(\d+))$/.exec(word.toUpperCase());
  const counted = realTime?.[1] !== undefined ? 34 + Number(realTime[1]) : 64 - Number(realTime?.[2] ?? Number.NaN);
  if (counted >= 34 && counted <= 64) return counted;
  throw invalidArgument(`invalid signal: ${word}`);
}

function verifyHealthcheck(health: HealthConfig): void {
  for (const field of ['Interval', 'Timeout', 'StartPeriod', 'StartInterval'] as const)
    if (health[field] && health[field] < minimumHealthNs)
      throw invalidArgument(`${field} in Healthcheck cannot be less than 1ms`);
  if ((health.Retries ?? 0) < 0) throw invalidArgument('Retries in Healthcheck cannot be negative');
}

function verifyContainerConfig(config: ContainerConfig): void {
  if (config.WorkingDir && !config.WorkingDir.startsWith('/'))
    throw invalidArgument(`the working directory '${config.WorkingDir}' is invalid, it needs to be an absolute path`);
  if (config.StopSignal) parseSignal(config.StopSignal);
  for (const entry of config.Env ?? [])
    if (entry === '' || entry.startsWith('=')) throw invalidArgument(`invalid environment variable: ${entry}`);
  if (config.Healthcheck != null) verifyHealthcheck(config.Healthcheck);
  if (Buffer.byteLength(config.Hostname ?? '') > hostnameMaxBytes)
    throw invalidArgument(`hostname "${config.Hostname}" is too long (maximum ${hostnameMaxBytes} bytes)`);
}

/** `--add-host name:address`; `host-gateway` stands for the bridge's address. */
function verifyExtraHost(entry: string): void {
  const match = /^([^:=]+)[:=](.+)$/.exec(entry);
  if (match === null) throw invalidArgument(`bad format for add-host: "${entry}"`);
  const address = (match[2] ?? '').replace(/^\[(.*)\]$/, '$1');
  if (address !== 'host-gateway' && isIP(address) === 0)
    throw invalidArgument(`invalid IP address in add-host: "${match[2]}"`);
}

/** Checks a restart policy; also for `POST /containers/x/update`. */
export function verifyRestartPolicy({ Name: name = '', MaximumRetryCount: count = 0 }: RestartPolicy): void {
  if (!['', 'no', 'always', 'on-failure', 'unless-stopped'].includes(name))
    throw invalidArgument(
      `invalid restart policy: unknown policy '${name}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'`,
    );
  if (name !== 'on-failure' && count !== 0) {
    const text = "invalid restart policy: maximum retry count can only be used with 'on-failure'";
    throw invalidArgument(count < 0 ? `${text} and cannot be negative` : text);
  }
  if (count < 0) throw invalidArgument('invalid restart policy: maximum retry count cannot be negative');
}

function verifyCapabilityLists(hostConfig: HostConfig, facts: HostFacts): void {
  for (const field of ['CapAdd', 'CapDrop'] as const)
    try {
      normalizeCapabilities(hostConfig[field] ?? [], facts.capabilities);
    } catch (error) {
      throw invalidArgument(`invalid ${field}: ${messageOf(error)}`, error);
    }
}

/** What the Engine API has and this daemon does not yet: named, never ignored. */
function refuseUnsupported(hostConfig: HostConfig): void {
  if (hostConfig.DeviceRequests?.length) throw unimplemented('device requests (--gpus) are not supported yet');
  if (hostConfig.Links?.length) throw unimplemented('links are not supported');
  if (Object.keys(hostConfig.StorageOpt ?? {}).length > 0) throw unimplemented('storage options are not supported');
}

function verifyHostConfig(hostConfig: HostConfig, facts: HostFacts): string[] {
  if (hostConfig.AutoRemove === true && !['', 'no'].includes(hostConfig.RestartPolicy?.Name ?? ''))
    throw invalidArgument(`can't create 'AutoRemove' container with restart policy`);
  for (const entry of hostConfig.ExtraHosts ?? []) verifyExtraHost(entry);
  verifyRestartPolicy(hostConfig.RestartPolicy ?? {});
  verifyCapabilityLists(hostConfig, facts);
  if (hostConfig.Isolation && hostConfig.Isolation !== 'default')
    throw invalidArgument(`invalid isolation (${hostConfig.Isolation}): linux only supports 'default'`);
  if (Object.keys(hostConfig.Annotations ?? {}).includes(''))
    throw invalidArgument('invalid Annotations: the empty string is not permitted as an annotation key');
  verifyNamespaceModes(hostConfig);
  if ((hostConfig.ShmSize ?? 0) < 0) throw invalidArgument('SHM size can not be less than 0');
  const { OomScoreAdj: score = 0 } = hostConfig;
  if (score < -1000 || score > 1000)
    throw invalidArgument(`Invalid value ${score}, range for oom score adj is [-1000, 1000]`);
  refuseUnsupported(hostConfig);
  return [];
}

export interface VerifiedConfig {
  readonly config: ContainerConfig;
  readonly hostConfig: HostConfig;
  /** For the answer's `Warnings`. */
  readonly warnings: readonly string[];
}

/** Checks both parts of a create request; `hostConfig` comes back without what the kernel cannot do. */
export function verifyCreateRequest(config: ContainerConfig, hostConfig: HostConfig, facts: HostFacts): VerifiedConfig {
  verifyNetworkMode(config, hostConfig);
  verifyContainerConfig(config);
  const warnings = verifyHostConfig(hostConfig, facts);
  const resources = verifyResources(hostConfig, facts);
  const discardsPorts = hostConfig.NetworkMode === 'host' && Object.keys(hostConfig.PortBindings ?? {}).length > 0;
  return {
    config: config.WorkingDir ? { ...config, WorkingDir: cleanWorkingDir(config.WorkingDir) } : config,
    hostConfig: resources.config,
    warnings: [
      ...warnings,
      ...resources.warnings,
      ...(discardsPorts ? ['Published ports are discarded when using host network mode'] : []),
    ],
  };
}

/** path.Clean of Go: no trailing slash, no `.` and `..`. */
function cleanWorkingDir(path: string): string {
  const normal = posix.normalize(path);
  return normal.length > 1 && normal.endsWith('/') ? normal.slice(0, -1) : normal;
}
