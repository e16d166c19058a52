/**
 * The bundle: the directory that one task's shim and runtime work in.
 *
 *     <state>/<namespace>/<id>/          0700 (0710 with the container's root group if it has a user namespace)
 *         config.json                    the runtime spec as the client gave it
 *         rootfs/                        mount point of the root file system
 *         work → <root>/<namespace>/<id> what shall outlive a reboot
 *         log                            FIFO, the shim's own messages
 *         shim-binary-path               which shim was started; used for `delete` and after a restart of the daemon
 *         bootstrap.json                 how to reach it
 *     <state>/<namespace>/.<id>          on its way out
 *
 * `<state>` and `<root>` are `io.containerd.runtime.v2.task` below the daemon's state and root.
 */
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { alreadyExists, invalidArgument } from '@docker-ts/base/errors';
import { unmountBelow } from '../mounts/unmount-below.ts';

const taskId = /^[A-Za-z0-9]+(?:[._-](?:[A-Za-z0-9]+))*$/;
const maxIdBytes = 76;

/** @throws invalid_argument for what cannot be the name of a task or an exec'd process (containerd pkg/identifiers). */
export function checkTaskId(id: string, noun = 'task'): void {
  if (id !== '' && id.length <= maxIdBytes && taskId.test(id)) return;
  throw invalidArgument(
    `invalid ${noun} id ${id}: identifier "${id}" must match ${taskId} and have 1 to ${maxIdBytes} characters: invalid argument`,
  );
}

/** The folders of all bundles. */
export interface BundleFolders {
  readonly state: string;
  readonly root: string;
  /** The FIFO that each bundle's `log` is another name of. */
  readonly logFifo: string;
}

const errorCode = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

export class Bundle {
  readonly namespace: string;
  readonly id: string;
  readonly path: string;

  private constructor(folders: Pick<BundleFolders, 'state'>, namespace: string, id: string) {
    this.namespace = namespace;
    this.id = id;
    this.path = join(folders.state, namespace, id);
  }

  /**
   * Makes the directories on disk. `spec` is the JSON of the runtime spec; undefined leaves `config.json` out.
   * @throws already_exists if the bundle is there; invalid_argument for a bad id.
   */
  static create(folders: BundleFolders, namespace: string, id: string, spec: Uint8Array | undefined): Bundle {
    checkTaskId(id);
    const bundle = new Bundle(folders, namespace, id);
    const work = join(folders.root, namespace, id);
    mkdirSync(dirname(bundle.path), { recursive: true, mode: 0o711 });
    try {
      mkdirSync(bundle.path, { mode: 0o700 });
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error;
      throw alreadyExists(`cannot create bundle "${bundle.path}": file exists: already exists`, error);
    }
    try {
      bundle.#fill(folders, work, spec);
      return bundle;
    } catch (error) {
      rmSync(bundle.path, { recursive: true, force: true });
      rmSync(work, { recursive: true, force: true });
      throw error;
    }
  }

  /** A bundle that is on disk already. */
  static at(folders: Pick<BundleFolders, 'state'>, namespace: string, id: string): Bundle {
    return new Bundle(folders, namespace, id);
  }

  join(name: string): string {
    return join(this.path, name);
  }

  /** The text of a file of the bundle; undefined if it is not there. */
  read(name: string): string | undefined {
    try {
      return readFileSync(this.join(name), 'utf8');
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** Writes a file that a crash leaves either whole or absent. */
  write(name: string, text: string, mode: number): void {
    const draft = this.join(`.${name}`);
    writeFileSync(draft, text, { mode });
    renameSync(draft, this.join(name));
  }

  /** Makes `log` a name of the daemon's FIFO, whatever it was before. */
  linkLog(logFifo: string): void {
    rmSync(this.join('log'), { force: true });
    linkSync(logFifo, this.join('log'));
  }

  /** Unmounts the root file system and takes both directories out of sight; their files go in the background. Idempotent. */
  remove(): void {
    unmountBelow(this.join('rootfs'));
    try {
      // fails if something is still in it: better a bundle left over than somebody's files lost
      rmdirSync(this.join('rootfs'));
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error;
    }
    let work: string | undefined;
    try {
      work = readlinkSync(this.join('work'));
    } catch {
      // a half-made bundle has none
    }
    vanish(this.path);
    if (work !== undefined) vanish(work);
  }

  #fill(folders: BundleFolders, work: string, spec: Uint8Array | undefined): void {
    const rootGid = spec === undefined ? undefined : mappedRootGid(spec);
    if (rootGid !== undefined) {
      chownSync(this.path, -1, rootGid);
      chmodSync(this.path, 0o710);
    }
    mkdirSync(this.join('rootfs'), { mode: 0o711 });
    mkdirSync(dirname(work), { recursive: true, mode: 0o711 });
    rmSync(work, { recursive: true, force: true });
    mkdirSync(work, { mode: 0o711 });
    symlinkSync(work, this.join('work'));
    if (spec !== undefined) writeFileSync(this.join('config.json'), spec, { mode: 0o666 });
    this.linkLog(folders.logFifo);
  }
}

/** Renames to a dot-name, so that a half-removed directory is never taken for a bundle, and removes what is in it. */
function vanish(path: string): void {
  const gone = join(dirname(path), `.${basename(path)}`);
  // an earlier one of the same name may still be on its way out
  rmSync(gone, { recursive: true, force: true });
  try {
    renameSync(path, gone);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return;
    throw error;
  }
  rm(gone, { recursive: true, force: true }).catch(() => {
    // the next start of the daemon, or the next bundle of this name, removes it
  });
}

/**
 * The host's group id of root in the container's user namespace; undefined if the spec has none. Its processes have to get through
 * the bundle's directory to reach the root file system.
 */
function mappedRootGid(spec: Uint8Array): number | undefined {
  const text = new TextDecoder().decode(spec);
  if (!text.includes('"gidMappings"')) return undefined;
  let parsed: { linux?: { gidMappings?: { containerID?: number; hostID?: number; size?: number }[] } };
  try {
    parsed = JSON.parse(text) as typeof parsed;
  } catch (error) {
    throw invalidArgument('cannot read the runtime spec: malformed JSON: invalid argument', error);
  }
  return parsed.linux?.gidMappings?.find(({ containerID, size }) => containerID === 0 && (size ?? 0) > 0)?.hostID;
}
