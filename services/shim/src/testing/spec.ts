/** The OCI documents of the containers that tests run: busybox in namespaces of its own. */

export interface SpecOptions {
  readonly terminal?: boolean;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** An OCI Process (config.json's `process`, and what Exec takes). */
export function processOf(args: readonly string[], terminal = false): object {
  return { terminal, user: { uid: 0, gid: 0 }, args, env: ['PATH=/bin'], cwd: '/', noNewPrivileges: true };
}

/** A config.json; the process id of the test is in the cgroup's name, so that runs at the same time keep apart. */
export function specOf(
  id: string,
  args: readonly string[],
  { terminal = false, annotations }: SpecOptions = {},
): object {
  return {
    ociVersion: '1.0.2',
    process: processOf(args, terminal),
    root: { path: 'rootfs' },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755'] },
      { destination: '/dev/pts', type: 'devpts', source: 'devpts', options: ['newinstance', 'ptmxmode=0666'] },
    ],
    ...(annotations === undefined ? {} : { annotations }),
    linux: {
      cgroupsPath: `/docker-ts-shim-${process.pid}-${id}`,
      namespaces: ['pid', 'ipc', 'uts', 'mount', 'network'].map((type) => ({ type })),
    },
  };
}
