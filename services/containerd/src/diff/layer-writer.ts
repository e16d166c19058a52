/**
 * Unpacks a layer onto a directory (containerd pkg/archive, OCI image-spec layer.md). Everything a tar can hold is brought over: owners,
 * modes with set-id bits, times to the nanosecond, hard links, devices, FIFOs, extended attributes with file capabilities, holes.
 *
 * The archive is hostile: names and link targets stay below the root (`rooted-directory.ts`), attributes that speak to overlayfs are
 * left out. File system calls are synchronous, which is quicker than a promise each; the event loop gets its turns while
 * the stream's next piece is awaited.
 */
import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  ftruncateSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  rmSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { posix } from 'node:path';
import { invalidArgument, messageOf, notFound, resourceExhausted, wrap } from '@docker-ts/base/errors';
import { SystemError } from '@docker-ts/linux/libc';
import { makeDevice, makeNode, S_IFBLK, S_IFCHR, S_IFIFO, setTimes, setTimesOf } from '@docker-ts/linux/inode';
import { setXattr, setXattrOf } from '@docker-ts/linux/xattr';
import { paxText, paxTimeNs, paxXattrs } from '@docker-ts/oci/tar-pax';
import type { TarEntry, TarReader } from '@docker-ts/oci/tar-reader';
import { RootedDirectory } from './rooted-directory.ts';
import { overlayWhiteouts, parseWhiteout, removingWhiteouts, type WhiteoutTarget } from './whiteout.ts';

export interface LayerTarget {
  readonly root: string;
  /** `overlay`: the root is an upper directory; `remove`: it holds the layers below. */
  readonly whiteouts: 'overlay' | 'remove';
  /** For `overlay`: the lower directories, nearest first. */
  readonly parents: readonly string[];
}

const permissionBits = 0o7777;
const createFlags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

interface DirectoryTimes {
  readonly path: string;
  readonly accessNs: bigint;
  readonly modifyNs: bigint;
}

export class LayerWriter implements Disposable {
  readonly #directories: RootedDirectory;
  readonly #whiteouts: WhiteoutTarget;
  /** Real paths of what this layer brought; only plain trees need to know. */
  readonly #unpacked: Set<string> | undefined;
  readonly #times: DirectoryTimes[] = [];

  constructor(target: LayerTarget) {
    this.#directories = new RootedDirectory(target.root, target.parents);
    this.#unpacked = target.whiteouts === 'remove' ? new Set() : undefined;
    this.#whiteouts = this.#unpacked ? removingWhiteouts(this.#unpacked) : overlayWhiteouts;
  }

  /** Unpacks the whole archive. @throws what the reader throws; resource_exhausted for a full disk; the member is named. */
  async write(reader: TarReader, signal: AbortSignal): Promise<void> {
    for (let entry = await reader.next(); entry; entry = await reader.next()) {
      signal.throwIfAborted();
      try {
        await this.#member(entry, reader);
      } catch (error) {
        throw wrap(coded(error), `cannot unpack "${entry.name}"`);
      }
    }
    this.#finishDirectories();
  }

  [Symbol.dispose](): void {
    this.#directories[Symbol.dispose]();
  }

  async #member(entry: TarEntry, reader: TarReader): Promise<void> {
    const path = posix.normalize(`/${entry.name}`).replace(/(?<=.)\/$/, '');
    // the root is there already, and is the snapshotter's
    if (path === '/') return;
    const name = posix.basename(path);
    const whiteout = parseWhiteout(name);
    const place = this.#directories.make(posix.dirname(path));
    if (whiteout) {
      if (this.#whiteouts.apply(whiteout, place, entry)) this.#directories.forget();
      return;
    }
    const target = `${place.path}/${name}`;
    this.#clear(target, entry.type === '5');
    this.#unpacked?.add(`${place.realPath}/${name}`);
    if (entry.type === '0') await this.#file(target, entry, reader);
    else this.#special(target, path, entry);
  }

  /** Removes what is at `target`, unless a directory meets a directory: those are merged. */
  #clear(target: string, keepDirectory: boolean): void {
    const found = lstatSync(target, { throwIfNoEntry: false });
    if (!found || (found.isDirectory() && keepDirectory)) return;
    rmSync(target, { recursive: true, force: true });
    // paths may have led through it, and the place of the target itself may be among what is held open: that one stays valid
    if (found.isDirectory() || found.isSymbolicLink()) this.#stale = true;
  }

  #stale = false;

  async #file(target: string, entry: TarEntry, reader: TarReader): Promise<void> {
    const fd = openSync(target, createFlags, 0o600);
    try {
      for (;;) {
        const piece = reader.readReady() ?? (await reader.read());
        if (!piece) break;
        writeAll(fd, piece.bytes, piece.offset);
      }
      if (entry.sparse) ftruncateSync(fd, entry.fileSizeBytes);
      fchownSync(fd, entry.uid, entry.gid);
      setXattrs(entry, (name, value) => setXattrOf(fd, name, value));
      // after chown, which takes the set-id bits away
      fchmodSync(fd, entry.mode & permissionBits);
      setTimesOf(fd, accessNsOf(entry), entry.mtimeNs);
    } finally {
      closeSync(fd);
      this.#settle();
    }
  }

  #special(target: string, path: string, entry: TarEntry): void {
    this.#make(target, entry);
    lchownSync(target, entry.uid, entry.gid);
    setXattrs(entry, (name, value) => setXattr(target, name, value));
    if (entry.type === '2') {
      setTimes(target, accessNsOf(entry), entry.mtimeNs);
    } else {
      if (entry.type !== '1' || !lstatSync(target).isSymbolicLink()) chmodSync(target, entry.mode & permissionBits);
      setTimes(target, accessNsOf(entry), entry.mtimeNs);
    }
    // what comes into a directory later changes its time
    if (entry.type === '5') this.#times.push({ path, accessNs: accessNsOf(entry), modifyNs: entry.mtimeNs });
    this.#settle();
  }

  #make(target: string, { type, linkName, deviceMajor, deviceMinor }: TarEntry): void {
    switch (type) {
      case '1':
        this.#link(linkName, target);
        return;
      case '2':
        symlinkSync(linkName, target);
        return;
      case '3':
        makeNode(target, S_IFCHR | 0o600, makeDevice(deviceMajor, deviceMinor));
        return;
      case '4':
        makeNode(target, S_IFBLK | 0o600, makeDevice(deviceMajor, deviceMinor));
        return;
      case '5':
        if (!lstatSync(target, { throwIfNoEntry: false })) mkdirSync(target, { mode: 0o700 });
        return;
      case '6':
        makeNode(target, S_IFIFO | 0o600);
        return;
      default:
        throw invalidArgument(`unhandled tar header type ${type.codePointAt(0)}`);
    }
  }

  /** A hard link's target is another member: its path is resolved as members are, and a link at its end is not followed. */
  #link(linkName: string, target: string): void {
    const source = posix.normalize(`/${linkName}`);
    const place = this.#directories.find(posix.dirname(source));
    if (!place) throw notFound(`link target "${linkName}": no such file or directory`);
    linkSync(`${place.path}/${posix.basename(source)}`, target);
  }

  /** After a member is done, paths that may have changed their meaning are forgotten: not before, its own place is among them. */
  #settle(): void {
    if (!this.#stale) return;
    this.#stale = false;
    this.#directories.forget();
  }

  #finishDirectories(): void {
    for (const { path, accessNs, modifyNs } of this.#times) {
      const place = this.#directories.find(posix.dirname(path));
      // a later member may have replaced it
      const target = place && `${place.path}/${posix.basename(path)}`;
      if (target !== undefined && lstatSync(target, { throwIfNoEntry: false })?.isDirectory()) {
        setTimes(target, accessNs, modifyNs);
      }
    }
  }
}

function writeAll(fd: number, bytes: Uint8Array, offset: number): void {
  for (let written = 0; written < bytes.length;) {
    written += writeSync(fd, bytes, written, bytes.length - written, offset + written);
  }
}

function accessNsOf({ pax, mtimeNs }: TarEntry): bigint {
  const text = paxText(pax, 'atime');
  const accessNs = text ? paxTimeNs(text, 'atime') : mtimeNs;
  return accessNs > mtimeNs ? accessNs : mtimeNs;
}

function setXattrs(entry: TarEntry, set: (name: string, value: Uint8Array) => void): void {
  if (entry.pax.size === 0) return;
  for (const [name, value] of paxXattrs(entry.pax)) {
    // an image has no business with overlayfs' own marks: they could show files of other layers, or hide them
    if (name.startsWith('trusted.overlay.') || name.startsWith('user.overlay.')) continue;
    try {
      set(name, value);
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      // user attributes are for files and directories only; some file systems know none at all
      const ignored = error.errnoName === 'EOPNOTSUPP' || (error.errnoName === 'EPERM' && name.startsWith('user.'));
      if (!ignored) throw error;
    }
  }
}

/** A full disk has to be told apart; the rest keeps its text. */
function coded(error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOSPC' || code === 'EDQUOT' ? resourceExhausted(messageOf(error), error) : error;
}
