/**
 * What can be configured, with containerd's names and meanings (containerd-config.toml(5)). The defaults are containerd's, but for the two
 * folders: real containerd's own data is never touched.
 */
import { defaultSchedulerSettings, type SchedulerSettings } from '../gc/scheduler.ts';
import type { SharingPolicy } from '../content/namespaced-content.ts';

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'panic'] as const;
export type LogLevel = (typeof logLevels)[number];

export const logFormats = ['text', 'json'] as const;
export type LogFormat = (typeof logFormats)[number];

export interface SocketConfig {
  readonly address: string;
  readonly uid: number;
  readonly gid: number;
}

export interface Config {
  /** Data that outlives a reboot. */
  readonly root: string;
  /** What dies with one. */
  readonly state: string;
  readonly grpc: SocketConfig;
  readonly ttrpc: SocketConfig;
  readonly log: { readonly level: LogLevel; readonly format: LogFormat };
  readonly gc: SchedulerSettings;
  readonly contentSharing: SharingPolicy;
  /** `NAME=value` for the environment of shims. */
  readonly shimEnvironment: readonly string[];
  /** Runtime names that are given a shim's executable here. */
  readonly runtimes: Readonly<Record<string, string>>;
}

export const defaultConfig: Config = {
  root: '/var/lib/containerd-ts',
  state: '/run/containerd-ts',
  grpc: { address: '/run/containerd/containerd.sock', uid: 0, gid: 0 },
  ttrpc: { address: '', uid: 0, gid: 0 },
  log: { level: 'info', format: 'text' },
  gc: defaultSchedulerSettings,
  contentSharing: 'shared',
  shimEnvironment: [],
  runtimes: {},
};

/** Shims look for the ttrpc socket beside the gRPC one. */
export function ttrpcAddress(config: Config): string {
  return config.ttrpc.address === '' ? `${config.grpc.address}.ttrpc` : config.ttrpc.address;
}
