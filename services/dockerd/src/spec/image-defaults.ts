/**
 * What a container inherits from its image when the client left it open, and the command line that results. Rules: the Engine
 * API's description of Cmd and Entrypoint, and `docker run`'s reference; texts are dockerd's.
 */
import { invalidArgument } from '@docker-ts/base/errors';
import type { ContainerConfig, HealthConfig, ImageDefaults } from './container-config.ts';

const isEmpty = (list: readonly unknown[] | null | undefined): boolean => list == null || list.length === 0;
const variableName = (entry: string): string => entry.split('=', 1)[0] ?? entry;

function mergeEnv(own: string[] | null | undefined, image: string[] | null | undefined): string[] | null {
  if (isEmpty(own)) return image ?? own ?? null;
  const names = new Set((own ?? []).map(variableName));
  return [...(own ?? []), ...(image ?? []).filter((entry) => !names.has(variableName(entry)))];
}

/** A client's command replaces the image's; a client's entrypoint also takes the image's command away (it belonged to the old one). */
function mergeCommand(config: ContainerConfig, image: ImageDefaults): Pick<ContainerConfig, 'Entrypoint' | 'Cmd'> {
  const entrypoint = config.Entrypoint;
  if (!isEmpty(entrypoint)) return { Entrypoint: entrypoint ?? null, Cmd: config.Cmd ?? null };
  return {
    Cmd: isEmpty(config.Cmd) ? (image.Cmd ?? config.Cmd ?? null) : (config.Cmd ?? null),
    // `null` means "the image's", an empty list "none" (`--entrypoint ""`).
    Entrypoint: entrypoint == null ? (image.Entrypoint ?? null) : entrypoint,
  };
}

function mergeHealthcheck(
  own: HealthConfig | null | undefined,
  image: HealthConfig | null | undefined,
): HealthConfig | null {
  if (own == null) return image ?? null;
  if (image == null) return own;
  return {
    ...own,
    Test: isEmpty(own.Test) ? (image.Test ?? null) : (own.Test ?? null),
    Interval: own.Interval || image.Interval || 0,
    Timeout: own.Timeout || image.Timeout || 0,
    StartPeriod: own.StartPeriod || image.StartPeriod || 0,
    StartInterval: own.StartInterval || image.StartInterval || 0,
    Retries: own.Retries || image.Retries || 0,
  };
}

const mergeRecords = <Value>(
  image: Record<string, Value> | null | undefined,
  own: Record<string, Value> | null | undefined,
): Record<string, Value> | null => (image == null ? (own ?? null) : { ...image, ...own });

/** The container's config with the image's defaults filled in; `config` itself is left as it was. */
export function mergeImageDefaults(config: ContainerConfig, image: ImageDefaults): ContainerConfig {
  // `--entrypoint ""` reaches the daemon as [""].
  const own = config.Entrypoint?.length === 1 && config.Entrypoint[0] === '' ? { ...config, Entrypoint: [] } : config;
  const healthcheck = mergeHealthcheck(own.Healthcheck, image.Healthcheck);
  const merged: ContainerConfig = {
    ...own,
    ...mergeCommand(own, image),
    User: own.User || image.User || '',
    WorkingDir: own.WorkingDir || image.WorkingDir || '',
    Env: mergeEnv(own.Env, image.Env),
    Labels: { ...image.Labels, ...own.Labels },
    Volumes: mergeRecords(image.Volumes, isEmpty(Object.keys(own.Volumes ?? {})) ? null : own.Volumes),
    ...(own.StopSignal || image.StopSignal ? { StopSignal: own.StopSignal || image.StopSignal || '' } : {}),
    ...(healthcheck === null ? {} : { Healthcheck: healthcheck }),
  };
  const ports = mergeRecords(image.ExposedPorts, own.ExposedPorts);
  if (ports !== null) merged.ExposedPorts = ports;
  if (merged.Entrypoint?.length === 0) merged.Entrypoint = null;
  return merged;
}

/** argv of the container's process: entrypoint, then command. */
export function processArguments(config: ContainerConfig): [path: string, ...args: string[]] {
  const [path, ...args] = [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])];
  if (path === undefined) throw invalidArgument('no command specified');
  return [path, ...args];
}
