/**
 * What is known of containers on disk. One folder for each below the root (tmpfs, gone at reboot):
 *
 *     ROOT/                 0711
 *       ID/                 0711, made by mkdir alone: whoever makes it owns the id
 *         config.json       the bundle's, as it was at create
 *         state.json        written beside and renamed
 *         seccomp.bpf       the compiled filter, for exec: compiling takes longer than all the rest of it
 *         exec.fifo         from create until start; its presence means `created`
 *       .ID.PID.deleting/   a folder on its way out
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { alreadyExists, dataLoss, notFound } from '@docker-ts/base/errors';
import type { Hooks, LinuxNamespace } from '@docker-ts/oci/runtime-spec';
import { type ContainerId, parseContainerId } from './id.ts';

/** state.json, in runc's words. */
export interface ContainerState {
  readonly id: string;
  readonly init_process_pid: number;
  /** Clock ticks since boot. */
  readonly init_process_start: number;
  /** RFC 3339 with nanoseconds. */
  readonly created: string;
  readonly config: {
    readonly rootfs: string;
    readonly bundle: string;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly no_new_keyring: boolean;
    readonly owner_uid: number;
    // as config.json has them: start, kill, delete and `exec --process` need nothing else of it, and reading it whole takes a millisecond
    readonly namespaces: readonly LinuxNamespace[];
    readonly Hooks?: Hooks;
  };
  /** v1: subsystem → directory; v2: `""` → directory. */
  readonly cgroup_paths: Readonly<Record<string, string>>;
  /** CLONE_NEW… type → /proc path. */
  readonly namespace_paths: Readonly<Record<string, string>>;
  /** Of the filter in seccomp.bpf; absent: there is none. */
  readonly seccomp?: { readonly flags: number; readonly instructions: number };
}

const isErrno = (error: unknown, code: string): boolean => (error as { code?: string }).code === code;

export class StateDirectory {
  readonly root: string;
  readonly id: ContainerId;
  readonly path: string;

  constructor(root: string, id: string) {
    this.root = root;
    this.id = parseContainerId(id);
    this.path = join(root, this.id);
  }

  get fifoPath(): string {
    return join(this.path, 'exec.fifo');
  }

  /** already_exists: somebody else has the id. */
  reserve(): void {
    mkdirSync(this.root, { recursive: true, mode: 0o711 });
    try {
      mkdirSync(this.path, { mode: 0o711 });
    } catch (error) {
      if (isErrno(error, 'EEXIST')) throw alreadyExists('container with given ID already exists', error);
      throw error;
    }
  }

  write(state: ContainerState): void {
    const staged = join(this.path, '.state.json');
    writeFileSync(staged, JSON.stringify(state), { mode: 0o600 });
    renameSync(staged, join(this.path, 'state.json'));
  }

  /** not_found: there is no such container, or its creation has not come far enough. */
  read(): ContainerState {
    let text;
    try {
      text = readFileSync(join(this.path, 'state.json'), 'utf8');
    } catch (error) {
      if (isErrno(error, 'ENOENT')) throw notFound('container does not exist', error);
      throw error;
    }
    try {
      return JSON.parse(text) as ContainerState;
    } catch (error) {
      throw dataLoss(`cannot read state of container "${this.id}": ${(error as Error).message}`, error);
    }
  }

  writeConfig(text: string): void {
    writeFileSync(join(this.path, 'config.json'), text, { mode: 0o600 });
  }

  readConfig(): string {
    return readFileSync(join(this.path, 'config.json'), 'utf8');
  }

  get seccompPath(): string {
    return join(this.path, 'seccomp.bpf');
  }

  /** Vanishes in one step, then bit by bit. Missing is no error. */
  remove(): void {
    const leaving = join(this.root, `.${this.id}.${process.pid}.deleting`);
    try {
      renameSync(this.path, leaving);
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return;
      throw error;
    }
    rmSync(leaving, { recursive: true, force: true });
  }
}

/** The ids below `root`. not_found: there is no such root. */
export function listContainerIds(root: string): string[] {
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map((entry) => entry.name)
    .toSorted();
}
