/**
 * The daemon's settings. They come from flags and from daemon.json; the names are the original's, so that its documentation and
 * its files are ours too (docs.docker.com/reference/cli/dockerd).
 */
export interface DaemonOptions {
  /** `unix:///path` or `tcp://host:port`. */
  readonly hosts: readonly string[];
  readonly dataRoot: string;
  readonly execRoot: string;
  /** containerd's socket; absent: the daemon starts one of its own. */
  readonly containerd: string | undefined;
  /** Snapshotter, in the original's word for it. */
  readonly storageDriver: string;
  readonly pidfile: string;
  readonly logLevel: LogLevel;
  readonly debug: boolean;
  readonly group: string;
  readonly defaultRuntime: string;
  /** Executable by name. */
  readonly runtimes: Readonly<Record<string, string>>;
  readonly bridge: string;
  /** Address of the bridge with its prefix length: `172.17.0.1/16`. */
  readonly bip: string;
  readonly dns: readonly string[];
  readonly dnsOptions: readonly string[];
  readonly dnsSearch: readonly string[];
  readonly mtu: number;
  readonly init: boolean;
  readonly initPath: string;
  readonly cgroupParent: string;
  readonly logDriver: string;
  readonly logOptions: Readonly<Record<string, string>>;
  /** Bytes. */
  readonly defaultShmSize: number;
  readonly noNewPrivileges: boolean;
  readonly labels: readonly string[];
  readonly insecureRegistries: readonly string[];
  readonly registryMirrors: readonly string[];
  readonly tls: TlsOptions | undefined;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'fatal';

export interface TlsOptions {
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
  /** Clients have to show a certificate of the CA. */
  readonly verify: boolean;
}

export const defaultConfigFile = '/etc/docker/daemon.json';
