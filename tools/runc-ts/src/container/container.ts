/**
 * An existing container: its state on disk and what the kernel says of it.
 *
 *     creating ─▶ created ─start─▶ running ⇄ paused
 *                    └────────────────┴────────▶ stopped ─delete─▶ gone
 */
import { closeSync, existsSync } from 'node:fs';
import { notFound } from '@docker-ts/base/errors';
import { openPidfd } from '@docker-ts/linux/pidfd';
import { parseRuntimeSpec } from '@docker-ts/oci/runtime-spec-validation';
import { type Hooks, type RuntimeSpec, type RuntimeState, runtimeSpecVersion } from '@docker-ts/oci/runtime-spec';
import type { CgroupManager } from '../cgroup/manager.ts';
import { restoreCgroup } from '../cgroup/open.ts';
import { isProcessAlive } from './process-stat.ts';
import { type ContainerState, StateDirectory } from './state-directory.ts';

export type Status = 'created' | 'running' | 'paused' | 'stopped';

export class Container {
  readonly directory: StateDirectory;
  readonly state: ContainerState;
  #cgroup: CgroupManager | undefined;
  #spec: RuntimeSpec | undefined;

  private constructor(directory: StateDirectory, state: ContainerState) {
    this.directory = directory;
    this.state = state;
  }

  /** not_found: `container does not exist`. */
  static load(root: string, id: string): Container {
    const directory = new StateDirectory(root, id);
    return new Container(directory, directory.read());
  }

  /** The one that this process has just created. */
  static of(created: Pick<Container, 'directory' | 'state' | 'cgroup' | 'spec'>): Container {
    const container = new Container(created.directory, created.state);
    container.#cgroup = created.cgroup;
    container.#spec = created.spec;
    return container;
  }

  get id(): string {
    return this.directory.id;
  }

  get pid(): number {
    return this.state.init_process_pid;
  }

  get cgroup(): CgroupManager {
    this.#cgroup ??= restoreCgroup(this.state.cgroup_paths);
    return this.#cgroup;
  }

  /** config.json as it was at create. */
  get spec(): RuntimeSpec {
    this.#spec ??= parseRuntimeSpec(this.directory.readConfig());
    return this.#spec;
  }

  get hooks(): Hooks {
    return this.state.config.Hooks ?? {};
  }

  isAlive(): boolean {
    return isProcessAlive(this.pid, this.state.init_process_start);
  }

  isFrozen(): boolean {
    return this.cgroup.exists() && this.cgroup.freezerState() === 'FROZEN';
  }

  status(): Status {
    if (!this.isAlive()) return 'stopped';
    if (this.isFrozen()) return 'paused';
    return existsSync(this.directory.fifoPath) ? 'created' : 'running';
  }

  /** The document that hooks read; `state` prints more. */
  runtimeState(status: RuntimeState['status']): RuntimeState {
    const { config } = this.state;
    return {
      ociVersion: runtimeSpecVersion,
      id: this.id,
      pid: status === 'stopped' ? 0 : this.pid,
      status,
      bundle: config.bundle,
      ...(config.annotations === undefined ? {} : { annotations: config.annotations }),
    };
  }

  /**
   * Calls `use` with a descriptor of the container's first process: of that one, not of a later process with its number.
   * not_found: it has ended.
   */
  withInit<T>(use: (pidfd: number) => T): T {
    const pidfd = openPidfd(this.pid);
    try {
      if (!this.isAlive()) throw notFound('container not running');
      return use(pidfd);
    } finally {
      closeSync(pidfd);
    }
  }
}
