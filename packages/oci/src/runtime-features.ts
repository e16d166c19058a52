/** What a runtime tells of itself by its `features` command (runtime-spec features.md, features-linux.md). Absent means "unknown". */

export interface RuntimeFeatures {
  readonly ociVersionMin?: string;
  readonly ociVersionMax?: string;
  /** Hook names that are known. */
  readonly hooks?: readonly string[];
  /** Mount options that the runtime itself understands. */
  readonly mountOptions?: readonly string[];
  readonly linux?: LinuxFeatures;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Annotations of config.json that untrusted users must not set; a trailing dot makes a prefix. */
  readonly potentiallyUnsafeConfigAnnotations?: readonly string[];
}

interface Enabled {
  readonly enabled?: boolean;
}

export interface LinuxFeatures {
  readonly namespaces?: readonly string[];
  readonly capabilities?: readonly string[];
  readonly cgroup?: {
    readonly v1?: boolean;
    readonly v2?: boolean;
    readonly systemd?: boolean;
    readonly systemdUser?: boolean;
    readonly rdma?: boolean;
  };
  readonly seccomp?: SeccompFeatures;
  readonly apparmor?: Enabled;
  readonly selinux?: Enabled;
  readonly intelRdt?: Enabled & { readonly schemata?: boolean; readonly monitoring?: boolean };
  readonly memoryPolicy?: { readonly modes?: readonly string[]; readonly flags?: readonly string[] };
  readonly mountExtensions?: { readonly idmap?: Enabled };
  readonly netDevices?: Enabled;
}

export interface SeccompFeatures extends Enabled {
  readonly actions?: readonly string[];
  readonly operators?: readonly string[];
  readonly archs?: readonly string[];
  /** SECCOMP_FILTER_FLAG_* that the runtime knows, and those of them that this kernel takes. */
  readonly knownFlags?: readonly string[];
  readonly supportedFlags?: readonly string[];
}
