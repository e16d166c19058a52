/**
 * Creating a container: reserve the id, make the cgroups, compile the plan, let the init carry it out up to the point where it
 * waits for `start`, and write down what came of it. Whatever fails, nothing stays: processes, cgroups, state.
 */
import {
  closeSync,
  constants,
  existsSync,
  openSync,
  readFileSync,
  realpathSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { CodedError, invalidArgument, messageOf, notFound, unimplemented, wrap } from '@docker-ts/base/errors';
import { waitForChild } from '@docker-ts/linux/child-process';
import { makeFifo } from '@docker-ts/linux/fifo';
import { parseExactJson } from '@docker-ts/oci/exact-json';
import { type Process, type RuntimeSpec, type RuntimeState, runtimeSpecVersion } from '@docker-ts/oci/runtime-spec';
import { assertStartable, validateRuntimeSpec } from '@docker-ts/oci/runtime-spec-validation';
import type { CgroupManager } from '../cgroup/manager.ts';
import type { Channel } from '../init/channel.ts';
import { launchInit } from '../init/launcher.ts';
import { compilePlan } from '../plan/compile.ts';
import type { CgroupEntry } from '../plan/host-files.ts';
import { procNames } from '../plan/namespaces.ts';
import type { Plan } from '../plan/plan.ts';
import { compileSeccomp } from '../seccomp/compile.ts';
import type { SeccompProgram } from '../seccomp/program.ts';
import { openCgroup } from '../cgroup/open.ts';
import { findHome, processEnv } from './home.ts';
import { runHooks } from './hooks.ts';
import { hostHierarchies } from './host-cgroups.ts';
import { checkSecurityModules } from './security-modules.ts';
import { inheritedNofile } from './nofile.ts';
import { readProcessStat } from './process-stat.ts';
import { type ContainerState, StateDirectory } from './state-directory.ts';

const O_PATH = 0o10000000;
/** Anybody may open it for writing: the init does so as the container's user. */
const fifoMode = 0o622;
const SIGKILL = 9;

export interface CreateOptions {
  readonly root: string;
  readonly id: string;
  readonly noPivot: boolean;
  readonly noNewKeyring: boolean;
  readonly preserveFds: number;
  /** Added to the process's environment. */
  readonly extraEnv: readonly string[];
  readonly systemdCgroup: boolean;
  /** Connected socket that the terminal's master is sent over; -1: there is no terminal. */
  readonly consoleFd: number;
}

export interface Bundle {
  /** Absolute, without links. */
  readonly path: string;
  readonly rootfs: string;
  readonly configText: string;
  readonly spec: RuntimeSpec & { readonly process: Process };
}

/** Reads and validates a bundle. not_found, invalid_argument. */
export function readBundle(folder: string): Bundle {
  let configText;
  let path;
  try {
    path = realpathSync(folder);
    configText = readFileSync(join(path, 'config.json'), 'utf8');
  } catch (error) {
    throw notFound(`cannot read bundle "${resolve(folder)}": ${messageOf(error)}`, error);
  }
  const spec = validateRuntimeSpec(parseExactJson(configText, 'config.json'));
  assertStartable(spec);
  let rootfs;
  try {
    rootfs = realpathSync(resolve(path, spec.root?.path ?? 'rootfs'));
  } catch (error) {
    throw notFound(`invalid rootfs: ${messageOf(error)}`, error);
  }
  if (!statSync(rootfs).isDirectory()) throw invalidArgument(`invalid rootfs: ${rootfs} is not a directory`);
  return { path, rootfs, configText, spec };
}

/**
 * v2: by being born there. v1: by writing itself into `tasks`; for a process of one thread that is the same as `cgroup.procs`, but
 * spares the kernel its lock of all forks, and with it ten milliseconds.
 */
export function cgroupEntry(cgroup: CgroupManager): CgroupEntry {
  const unified = cgroup.paths[''];
  const files = cgroup.procsFiles();
  const isUnified = (file: string): boolean => unified !== undefined && dirname(file) === unified;
  return {
    cgroupJoinFiles: files.filter((file) => !isUnified(file)).map((file) => join(dirname(file), 'tasks')),
    cgroupUnified: files.some(isUnified) ? (unified ?? '') : '',
  };
}

/** Compiles the bundle's filter. unimplemented: it wants a notification agent. */
export function bundleSeccomp({ spec }: Bundle): SeccompProgram | undefined {
  if (spec.linux?.seccomp === undefined) return undefined;
  const program = compileSeccomp(spec.linux.seccomp);
  if (program.listenerPath !== undefined)
    throw unimplemented('cannot use linux.seccomp.listenerPath: seccomp notification is not supported');
  return program;
}

/** The plan of a bundle. */
export function planBundle(
  bundle: Bundle,
  cgroup: CgroupManager,
  options: CreateOptions,
  fifoFd: number,
  seccomp: SeccompProgram | undefined,
): Plan {
  const { spec } = bundle;
  const { process, linux = {}, mounts = [] } = spec;
  checkSecurityModules(process, linux);
  const cgroupMounted = mounts.some(({ type }) => type === 'cgroup' || type === 'cgroup2');
  const plan = compilePlan(spec, {
    id: options.id,
    bundle: bundle.path,
    rootfs: bundle.rootfs,
    ...cgroupEntry(cgroup),
    cgroupHierarchies: cgroupMounted ? hostHierarchies(cgroup) : [],
    hasKcore: existsSync('/proc/kcore'),
    seccomp,
    env: processEnv([...(process.env ?? []), ...options.extraEnv], () =>
      findHome(bundle.rootfs, bundle.path, mounts, process.user.uid),
    ),
    nofile: inheritedNofile(),
    noPivot: options.noPivot,
    newKeyring: !options.noNewKeyring,
    preserveFds: options.preserveFds,
    fifoFd,
    consoleFd: options.consoleFd,
  });
  plan.warnings.push(...(seccomp?.warnings ?? []));
  return plan;
}

function namespacePaths(pid: number): Record<string, string> {
  return Object.fromEntries(
    Object.values(procNames).map((name) => [`NEW${name.toUpperCase()}`, `/proc/${pid}/ns/${name}`]),
  );
}

/** A container whose init waits to be started, and is a child of this process. */
export interface CreatedContainer {
  readonly directory: StateDirectory;
  readonly state: ContainerState;
  readonly spec: RuntimeSpec;
  readonly cgroup: CgroupManager;
  readonly warnings: readonly string[];
  /** Kills and removes it again. */
  readonly discard: () => void;
}

class Creation {
  readonly #bundle: Bundle;
  readonly #directory: StateDirectory;
  readonly #cgroup: CgroupManager;
  readonly #options: CreateOptions;
  readonly #seccomp: SeccompProgram | undefined;

  constructor(bundle: Bundle, directory: StateDirectory, cgroup: CgroupManager, options: CreateOptions) {
    this.#bundle = bundle;
    this.#directory = directory;
    this.#cgroup = cgroup;
    this.#options = options;
    this.#seccomp = bundleSeccomp(bundle);
  }

  #stateOf(pid: number): ContainerState {
    const { spec, rootfs, path } = this.#bundle;
    const seccomp = this.#seccomp;
    return {
      id: this.#directory.id,
      init_process_pid: pid,
      init_process_start: readProcessStat(pid)?.startTicks ?? 0,
      created: new Date().toISOString().replace(/\.(\d+)Z$/, '.$1000000Z'),
      config: {
        rootfs,
        bundle: path,
        ...(spec.annotations === undefined ? {} : { annotations: spec.annotations }),
        no_new_keyring: this.#options.noNewKeyring,
        owner_uid: process.geteuid?.() ?? 0,
      },
      cgroup_paths: this.#cgroup.paths,
      namespace_paths: namespacePaths(pid),
      ...(seccomp === undefined ? {} : { seccomp: { flags: seccomp.flags, instructions: seccomp.instructionCount } }),
    };
  }

  #runtimeHooks(pid: number): void {
    const { spec, path } = this.#bundle;
    const state = (): RuntimeState => ({
      ociVersion: runtimeSpecVersion,
      id: this.#directory.id,
      pid,
      status: 'creating',
      bundle: path,
      ...(spec.annotations === undefined ? {} : { annotations: spec.annotations }),
    });
    runHooks('prestart', spec.hooks?.prestart, state);
    runHooks('createRuntime', spec.hooks?.createRuntime, state);
  }

  #launch(): { channel: Channel; plan: Plan } {
    const { fifoPath } = this.#directory;
    makeFifo(fifoPath, fifoMode);
    const fifo = openSync(fifoPath, O_PATH | constants.O_NOFOLLOW);
    try {
      const plan = planBundle(this.#bundle, this.#cgroup, this.#options, fifo, this.#seccomp);
      const inherited = [fifo, ...passedDescriptors(this.#options)];
      return { channel: launchInit(plan, inherited), plan };
    } finally {
      closeSync(fifo);
    }
  }

  run(): CreatedContainer {
    const { channel, plan } = this.#launch();
    using _channel = channel;
    let pid: number | undefined;
    try {
      pid = channel.waitForPid();
      const state = this.#stateOf(pid);
      this.#directory.writeConfig(this.#bundle.configText);
      if (this.#seccomp !== undefined)
        writeFileSync(this.#directory.seccompPath, this.#seccomp.filter, { mode: 0o600 });
      channel.waitForReady(() => this.#runtimeHooks(pid ?? 0));
      this.#directory.write(state);
      return {
        directory: this.#directory,
        state,
        spec: this.#bundle.spec,
        cgroup: this.#cgroup,
        warnings: plan.warnings,
        discard: () => {
          killChild(state.init_process_pid);
          this.#cgroup.destroy();
          this.#directory.remove();
        },
      };
    } catch (error) {
      if (channel.pid !== undefined) killChild(channel.pid);
      throw this.#cgroup.oomKillCount() > 0
        ? wrap(error, 'container init was OOM-killed (memory limit too low?)')
        : error;
    }
  }
}

/** Descriptors besides stdio that the init inherits. */
export function passedDescriptors(options: { readonly preserveFds: number; readonly consoleFd: number }): number[] {
  const passed = Array.from({ length: options.preserveFds }, (_, index) => 3 + index);
  return options.consoleFd < 0 ? passed : [...passed, options.consoleFd];
}

/** Kills a child that is stuck half-way and waits until it is gone. */
export function killChild(pid: number): void {
  try {
    process.kill(pid, SIGKILL);
  } catch {
    // it has ended by itself
  }
  waitForChild(pid);
}

/** Runs each step; the failures are kept with the error that made it necessary. */
function undo(error: unknown, steps: readonly (() => void)[]): never {
  const first = error instanceof CodedError ? error : wrap(error, 'unexpected failure');
  for (const step of steps) {
    try {
      step();
    } catch (failure) {
      first.suppressed.push(failure);
    }
  }
  throw first;
}

/** already_exists: the id is taken. Other codes: as the failing part says. */
export function createContainer(bundle: Bundle, options: CreateOptions): CreatedContainer {
  const directory = new StateDirectory(options.root, options.id);
  directory.reserve();
  const { linux = {} } = bundle.spec;
  let cgroup: CgroupManager | undefined;
  try {
    cgroup = openCgroup({
      containerId: directory.id,
      systemd: options.systemdCgroup,
      ...(linux.cgroupsPath === undefined ? {} : { cgroupsPath: linux.cgroupsPath }),
      ...(linux.resources === undefined ? {} : { resources: linux.resources }),
    });
    cgroup.create();
    cgroup.set(linux.resources ?? {});
    return new Creation(bundle, directory, cgroup, options).run();
  } catch (error) {
    return undo(wrap(error, 'unable to start container process'), [() => cgroup?.destroy(), () => directory.remove()]);
  }
}
