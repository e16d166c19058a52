/**
 * The container domain's door to the spec builder: gathers what a start has to find out – the user in the image's passwd file,
 * namespaces of other containers, shared memory – and builds the spec.
 */
import { conflict, invalidArgument } from '@docker-ts/base/errors';
import type { RuntimeSpec } from '@docker-ts/oci/runtime-spec';
import type { NetworkSandbox, SpecBuilder, SpecInput } from '../containers/ports.ts';
import type { ContainerRecord } from '../containers/record.ts';
import type { HostFacts } from './host-facts.ts';
import { containerOfMode } from './namespace-modes.ts';
import type { NamespaceSources } from './namespaces.ts';
import { RootfsView } from './rootfs-view.ts';
import { SharedMemory } from './shared-memory.ts';
import { buildRuntimeSpec, type DaemonSpecDefaults } from './spec-builder.ts';
import { type ProcessUser, resolveUser } from './user.ts';

/** An honest passwd file is smaller. */
const userFileMaxBytes = 4 * 1024 * 1024;

export interface ContainerSpecOptions {
  readonly facts: HostFacts;
  /** A folder of the daemon's own for state that dies with the machine. It must exist. */
  readonly execRoot: string;
  readonly daemon: Omit<DaemonSpecDefaults, 'cgroupParent'>;
}

export class ContainerSpecBuilder implements SpecBuilder {
  readonly #options: ContainerSpecOptions;
  readonly #sharedMemory: SharedMemory;

  constructor(options: ContainerSpecOptions) {
    this.#options = options;
    this.#sharedMemory = new SharedMemory(options.execRoot);
  }

  build(input: SpecInput): Promise<RuntimeSpec> {
    // Everything here is answered by the kernel at once; the promise is the port's.
    return new Promise((resolve) => resolve(withPlainLimits(this.#build(input))));
  }

  #build(input: SpecInput): RuntimeSpec {
    const { container } = input;
    const { facts, daemon } = this.#options;
    this.#sharedMemory.sweep((id) => id !== container.id && input.pidOf(id) !== undefined);
    const shmPath = this.#shmPath(input);
    return buildRuntimeSpec({
      id: container.id,
      config: container.config,
      hostConfig: container.hostConfig,
      mountPoints: container.mounts,
      networkFiles: {
        resolvConf: container.resolvConfPath,
        hostname: container.hostnamePath,
        hosts: container.hostsPath,
      },
      namespaces: namespaceSources(input.sandbox, input.pidOf),
      user: this.#prepareRootfs(input),
      ...(shmPath === undefined ? {} : { shmPath }),
      initPath: input.initPath,
      facts,
      daemon: { ...daemon, cgroupParent: input.cgroupParent },
    });
  }

  resolveUser(container: ContainerRecord, pid: number, user: string): Promise<ProcessUser> {
    return new Promise((resolve) => {
      using view = RootfsView.ofProcess(pid);
      resolve(lookUpUser(view, user, container));
    });
  }

  /** The process's user; makes its working directory on the way. */
  #prepareRootfs({ container, rootfsMounts }: SpecInput): ProcessUser {
    const { User: user = '', WorkingDir: workingDir = '' } = container.config;
    const { execRoot } = this.#options;
    using view = RootfsView.open(rootfsMounts, execRoot);
    const resolved = lookUpUser(view, user, container);
    // dockerd makes the working directory itself: not every runtime does. One below a mount point is the mount's business.
    const covered = container.mounts.some(({ destination }) => `${workingDir}/`.startsWith(`${destination}/`));
    if (workingDir !== '' && !covered && !view.hasDirectory(workingDir)) {
      using writable = RootfsView.open(rootfsMounts, execRoot, true);
      writable.makeDirectory(workingDir);
    }
    return resolved;
  }

  #shmPath({ container }: SpecInput): string | undefined {
    const { IpcMode: mode = '', ShmSize: size = 0 } = container.hostConfig;
    const mounted = container.mounts.some(({ destination }) => destination === '/dev/shm');
    if (mode === 'host') return '/dev/shm';
    if (mode === 'shareable' && !mounted) return this.#sharedMemory.mount(container.id, size);
    const donor = containerOfMode(mode);
    if (donor === undefined) return undefined;
    if (!this.#sharedMemory.has(donor))
      throw invalidArgument(
        `failed to join IPC namespace: container ${donor}: non-shareable IPC (hint: use IpcMode:shareable for the donor container)`,
      );
    return this.#sharedMemory.path(donor);
  }
}

function lookUpUser(view: RootfsView, user: string, { hostConfig }: ContainerRecord): ProcessUser {
  const passwd = view.readText('/etc/passwd', userFileMaxBytes);
  const group = view.readText('/etc/group', userFileMaxBytes);
  return resolveUser(user, { passwd, group }, hostConfig.GroupAdd ?? []);
}

const { rawJSON } = JSON as unknown as { rawJSON(this: void, text: string): number };

/** Limits beyond 2^53 (RLIM_INFINITY) in a form that JSON.stringify writes with every digit: it refuses bigints. */
function withPlainLimits(spec: RuntimeSpec): RuntimeSpec {
  const { process } = spec;
  if (process?.rlimits === undefined) return spec;
  const plain = (value: number | bigint): number => (typeof value === 'bigint' ? rawJSON(String(value)) : value);
  const rlimits = process.rlimits.map(({ type, hard, soft }) => ({ type, hard: plain(hard), soft: plain(soft) }));
  return { ...spec, process: { ...process, rlimits } };
}

function namespaceSources(sandbox: NetworkSandbox, pidOf: SpecInput['pidOf']): NamespaceSources {
  return {
    ...(sandbox.namespace.kind === 'path' ? { networkPath: sandbox.namespace.path } : {}),
    pidOf: (containerId) => {
      const pid = pidOf(containerId);
      if (pid === undefined) throw conflict(`container ${containerId} is not running`);
      return pid;
    },
  };
}
