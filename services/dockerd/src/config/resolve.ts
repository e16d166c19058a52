/** Settings from the command line and daemon.json, completed and checked. */
import { invalidArgument } from '@docker-ts/base/errors';
import { isAbsolute } from 'node:path';
import { parseSize } from '../containers/log-config.ts';
import { mergeSettings, readDaemonFile } from './daemon-file.ts';
import type { FlagName, FlagValues } from './flags.ts';
import type { DaemonOptions, LogLevel, TlsOptions } from './options.ts';

const logLevels: readonly string[] = ['debug', 'info', 'warn', 'error', 'fatal'];

/** Typed access to what flags and file left untyped. */
class Settings {
  readonly #values: FlagValues;

  constructor(values: FlagValues) {
    this.#values = values;
  }

  text(name: FlagName, absent: string): string {
    const value = this.#values[name];
    if (value === undefined) return absent;
    if (typeof value !== 'string') throw invalidArgument(`invalid value for "${name}": must be a string`);
    return value;
  }

  flag(name: FlagName): boolean {
    const value = this.#values[name] ?? false;
    if (typeof value !== 'boolean') throw invalidArgument(`invalid value for "${name}": must be true or false`);
    return value;
  }

  number(name: FlagName, absent: number): number {
    const value = this.#values[name] ?? absent;
    if (typeof value !== 'number') throw invalidArgument(`invalid value for "${name}": must be a number`);
    return value;
  }

  list(name: FlagName): string[] {
    const value = this.#values[name] ?? [];
    if (!Array.isArray(value) || value.some((item) => typeof item !== 'string'))
      throw invalidArgument(`invalid value for "${name}": must be a list of strings`);
    return value as string[];
  }

  path(name: FlagName, absent: string): string {
    const value = this.text(name, absent);
    if (!isAbsolute(value)) throw invalidArgument(`invalid value for "${name}": "${value}" is not an absolute path`);
    return value;
  }

  /** `name=value` entries. */
  pairs(name: FlagName): Record<string, string> {
    return Object.fromEntries(
      this.list(name).map((entry) => {
        const equals = entry.indexOf('=');
        if (equals < 1) throw invalidArgument(`invalid argument "${entry}" for "--${name}" flag: must be name=value`);
        return [entry.slice(0, equals), entry.slice(equals + 1)];
      }),
    );
  }
}

function resolveTls(settings: Settings): TlsOptions | undefined {
  const verify = settings.flag('tlsverify');
  if (!verify && !settings.flag('tls')) return undefined;
  const folder = process.env['DOCKER_CERT_PATH'] ?? `${process.env['HOME'] ?? '/root'}/.docker`;
  return {
    caFile: settings.path('tlscacert', `${folder}/ca.pem`),
    certFile: settings.path('tlscert', `${folder}/cert.pem`),
    keyFile: settings.path('tlskey', `${folder}/key.pem`),
    verify,
  };
}

function resolveLogLevel(settings: Settings): LogLevel {
  const level = settings.flag('debug') ? 'debug' : settings.text('log-level', 'info');
  if (!logLevels.includes(level)) throw invalidArgument(`invalid logging level: ${level}`);
  return level as LogLevel;
}

/** invalid_argument or failed_precondition with what is wrong. */
export function resolveOptions(flags: FlagValues): DaemonOptions {
  const file = readDaemonFile(flags['config-file'] as string | undefined);
  const settings = new Settings(mergeSettings(flags, file));
  const hosts = settings.list('host');
  const containerd = settings.text('containerd', '');
  return {
    hosts: hosts.length === 0 ? ['unix:///var/run/docker.sock'] : hosts,
    dataRoot: settings.path('data-root', '/var/lib/docker-ts'),
    execRoot: settings.path('exec-root', '/run/docker-ts'),
    containerd: containerd === '' ? undefined : containerd.replace(/^unix:\/\//, ''),
    storageDriver: settings.text('storage-driver', 'overlayfs'),
    pidfile: settings.path('pidfile', '/run/docker-ts.pid'),
    logLevel: resolveLogLevel(settings),
    debug: settings.flag('debug'),
    group: settings.text('group', 'docker'),
    defaultRuntime: settings.text('default-runtime', 'runc'),
    runtimes: settings.pairs('add-runtime'),
    bridge: settings.text('bridge', 'docker-ts0'),
    bip: settings.text('bip', ''),
    dns: settings.list('dns'),
    dnsOptions: settings.list('dns-opt'),
    dnsSearch: settings.list('dns-search'),
    mtu: settings.number('mtu', 1500),
    init: settings.flag('init'),
    initPath: settings.text('init-path', ''),
    cgroupParent: settings.text('cgroup-parent', '/docker-ts'),
    logDriver: settings.text('log-driver', 'json-file'),
    logOptions: settings.pairs('log-opt'),
    defaultShmSize: parseSize(settings.text('default-shm-size', '64m')),
    noNewPrivileges: settings.flag('no-new-privileges'),
    labels: settings.list('label'),
    insecureRegistries: settings.list('insecure-registry'),
    registryMirrors: settings.list('registry-mirror'),
    tls: resolveTls(settings),
  };
}
