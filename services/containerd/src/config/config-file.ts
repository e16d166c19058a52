/**
 * Reads containerd's TOML configuration. Version 3 (containerd 2) and version 2 (containerd 1.x) differ, as far as this daemon goes, in
 * nothing but the number. A key that is unknown, or known and not supported here, is a warning: a file written for containerd should do.
 */
import { invalidArgument, messageOf, notFound } from '@docker-ts/base/errors';
import { readFileSync } from 'node:fs';
import { parse, type TomlTable } from 'smol-toml';
import { type Config, defaultConfig, logFormats, logLevels } from './config.ts';
import { parseDurationMs } from './duration.ts';
import { TableReader } from './table-reader.ts';

export interface LoadedConfig {
  readonly config: Config;
  /** One sentence for each key that was left out of account. */
  readonly warnings: readonly string[];
}

export const configVersion = 3;

/** @throws not_found without the file, invalid_argument if it cannot be read as configuration. */
export function loadConfigFile(path: string): LoadedConfig {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw notFound(`cannot read config "${path}": ${messageOf(error)}`, error);
  }
  return parseConfig(text, path);
}

/** @throws invalid_argument. */
export function parseConfig(text: string, path = 'config'): LoadedConfig {
  let document: TomlTable;
  try {
    document = parse(text);
  } catch (error) {
    throw invalidArgument(`cannot read config "${path}": ${messageOf(error)}`, error);
  }
  const warnings: string[] = [];
  const top = new TableReader(document, '', warnings);
  const version = top.integer('version', 1);
  if (version < 2 || version > configVersion) {
    throw invalidArgument(
      `cannot read config "${path}": version ${version} is not supported, only 2 and ${configVersion}`,
    );
  }
  const config = readConfig(top);
  top.warnRest();
  return { config, warnings };
}

function readConfig(top: TableReader): Config {
  const defaults = defaultConfig;
  const grpc = top.table('grpc');
  const ttrpc = top.table('ttrpc');
  const debug = top.table('debug');
  const plugins = top.table('plugins');
  const config: Config = {
    root: top.text('root', defaults.root),
    state: top.text('state', defaults.state),
    grpc: readSocket(grpc, defaults.grpc),
    ttrpc: readSocket(ttrpc, defaults.ttrpc),
    log: {
      level: debug.choice('level', logLevels, defaults.log.level),
      format: debug.choice('format', logFormats, defaults.log.format),
    },
    ...readPlugins(plugins),
  };
  for (const table of [grpc, ttrpc, debug, plugins]) table.warnRest();
  return config;
}

function readSocket(table: TableReader, defaults: Config['grpc']): Config['grpc'] {
  return {
    address: table.text('address', defaults.address),
    uid: table.integer('uid', defaults.uid),
    gid: table.integer('gid', defaults.gid),
  };
}

function readPlugins(plugins: TableReader): Pick<Config, 'gc' | 'contentSharing' | 'shimEnvironment' | 'runtimes'> {
  const { gc: defaults, contentSharing } = defaultConfig;
  const scheduler = plugins.table('io.containerd.gc.v1.scheduler');
  const metadata = plugins.table('io.containerd.metadata.v1.bolt');
  const shims = plugins.table('io.containerd.shim.v1.manager');
  const runtimes = plugins.table('io.docker-ts.runtimes.v1');
  const settings = {
    gc: {
      pauseThreshold: scheduler.number('pause_threshold', defaults.pauseThreshold),
      deletionThreshold: scheduler.integer('deletion_threshold', defaults.deletionThreshold),
      mutationThreshold: scheduler.integer('mutation_threshold', defaults.mutationThreshold),
      scheduleDelayMs: durationMs(scheduler, 'schedule_delay', defaults.scheduleDelayMs),
      startupDelayMs: durationMs(scheduler, 'startup_delay', defaults.startupDelayMs),
    },
    contentSharing: metadata.choice('content_sharing_policy', ['shared', 'isolated'] as const, contentSharing),
    shimEnvironment: shims.texts('env'),
    runtimes: runtimes.textMap(),
  };
  for (const table of [scheduler, metadata, shims, runtimes]) table.warnRest();
  return settings;
}

function durationMs(table: TableReader, key: string, fallback: number): number {
  const text = table.text(key, '');
  return text === '' ? fallback : parseDurationMs(text);
}
