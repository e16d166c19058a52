/**
 * HostConfig as dockerd completes it when a container is made: defaults that depend on the daemon and the machine are written
 * down then, so that `inspect` shows them and a later change of the daemon's configuration leaves the container as it was.
 */
import type { HostConfig } from './container-config.ts';
import { defaultMaskedPaths, defaultReadonlyPaths } from './default-spec.ts';
import { containerOfMode } from './namespace-modes.ts';

/** The daemon's own defaults. */
export interface HostConfigDefaults {
  readonly cgroupVersion: 1 | 2;
  /** Runtime name, `runc` unless `--default-runtime` says otherwise. */
  readonly runtime: string;
  readonly logDriver: string;
  readonly logOptions: Readonly<Record<string, string>>;
  /** Bytes, `--default-shm-size`. */
  readonly shmSizeBytes: number;
  /** Full id of a container by id or name, for `container:NAME` modes; `undefined` if there is none. */
  readonly containerId: (idOrName: string) => string | undefined;
}

export const defaultShmSizeBytes = 64 * 1024 * 1024;

/** `container:name` becomes `container:id`, so that a rename does not break the link. An unknown name stays: verified at start. */
function pinContainer(mode: string, containerId: HostConfigDefaults['containerId']): string {
  const other = containerOfMode(mode);
  const id = other === undefined ? undefined : containerId(other);
  return id === undefined ? mode : `container:${id}`;
}

function cgroupnsMode(hostConfig: HostConfig, cgroupVersion: 1 | 2): string {
  if (hostConfig.CgroupnsMode) return hostConfig.CgroupnsMode;
  return cgroupVersion === 2 ? 'private' : 'host';
}

/** Docker reads -1 (what old clients send) as "not set". */
const swappiness = (value: number | null | undefined): number | null => (value == null || value === -1 ? null : value);

/** What shares the host's namespaces cannot be confined by SELinux labels. */
function securityOptions(sent: HostConfig): string[] | null {
  const shares = sent.Privileged === true || sent.IpcMode === 'host' || sent.PidMode === 'host';
  return shares ? [...(sent.SecurityOpt ?? []), 'label=disable'] : (sent.SecurityOpt ?? null);
}

const networkMode = (mode: string | undefined): string => (!mode || mode === 'default' ? 'bridge' : mode);

/** A completed copy of what the client sent. `null` lists of masked and read-only paths become the defaults; empty ones stay empty. */
export function completeHostConfig(sent: HostConfig, defaults: HostConfigDefaults): HostConfig {
  const memory = sent.Memory ?? 0;
  const privileged = sent.Privileged === true;
  return {
    ...sent,
    LogConfig: sent.LogConfig?.Type
      ? { Type: sent.LogConfig.Type, Config: sent.LogConfig.Config ?? {} }
      : { Type: defaults.logDriver, Config: { ...defaults.logOptions, ...sent.LogConfig?.Config } },
    NetworkMode: pinContainer(networkMode(sent.NetworkMode), defaults.containerId),
    RestartPolicy: {
      Name: sent.RestartPolicy?.Name || 'no',
      MaximumRetryCount: sent.RestartPolicy?.MaximumRetryCount ?? 0,
    },
    Runtime: sent.Runtime || defaults.runtime,
    ShmSize: sent.ShmSize || defaults.shmSizeBytes,
    IpcMode: pinContainer(sent.IpcMode || 'private', defaults.containerId),
    PidMode: pinContainer(sent.PidMode ?? '', defaults.containerId),
    CgroupnsMode: cgroupnsMode(sent, defaults.cgroupVersion),
    SecurityOpt: securityOptions(sent),
    MemorySwap: memory > 0 && !sent.MemorySwap ? memory * 2 : (sent.MemorySwap ?? 0),
    MemorySwappiness: swappiness(sent.MemorySwappiness),
    OomKillDisable: sent.OomKillDisable ?? false,
    PidsLimit: sent.PidsLimit ? sent.PidsLimit : null,
    MaskedPaths: privileged ? null : (sent.MaskedPaths ?? [...defaultMaskedPaths]),
    ReadonlyPaths: privileged ? null : (sent.ReadonlyPaths ?? [...defaultReadonlyPaths]),
  };
}
