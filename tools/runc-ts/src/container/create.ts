/**
 * Creating a container: reserve the id, make the cgroups, compile the plan, let the init carry it out up to the point where it
 * waits for `start`, and write down what came of it. Whatever fails, nothing stays: processes, cgroups, state.
 */
import { closeSync, constants, openSync, writeFileSync } from 'node:fs';
import { CodedError, wrap } from '@docker-ts/base/errors';
import { waitForChild } from '@docker-ts/linux/child-process';
import { makeFifo } from '@docker-ts/linux/fifo';
import { type RuntimeSpec, type RuntimeState, runtimeSpecVersion } from '@docker-ts/oci/runtime-spec';
import type { CgroupManager } from '../cgroup/manager.ts';
import { openCgroup } from '../cgroup/open.ts';
import type { Channel } from '../init/channel.ts';
import { launchInit } from '../init/launcher.ts';
import { procNames } from '../plan/namespaces.ts';
import type { Plan } from '../plan/plan.ts';
import type { SeccompProgram } from '../seccomp/program.ts';
import { bundleSeccomp, planBundle } from './bundle-plan.ts';
import type { Bundle } from './bundle.ts';
import type { CreateOptions } from './creation-options.ts';
import { runHooks } from './hooks.ts';
import { readProcessStat } from './process-stat.ts';
import { type ContainerState, StateDirectory } from './state-directory.ts';

const O_PATH = 0o10000000;
/** Anybody may open it for writing: the init does so as the container's user. */
const fifoMode = 0o622;
const SIGKILL = 9;

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
        namespaces: spec.linux?.namespaces ?? [],
        ...(spec.hooks === undefined ? {} : { Hooks: spec.hooks }),
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
      // from here on `delete --force` can clean up, should this process be killed
      this.#directory.write(state);
      channel.waitForReady(() => this.#runtimeHooks(pid ?? 0));
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
