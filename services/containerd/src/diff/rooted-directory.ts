/**
 * Directories below a root that somebody hostile fills. A path is resolved by the kernel as a process whose / is the root would see it
 * (openat2 with RESOLVE_IN_ROOT): no link and no `..` leads out, not even one swapped in meanwhile. What is then done goes to a name in
 * the opened directory, `/proc/self/fd/<fd>/<name>`, and never follows a link at that name.
 */
import { chmodSync, closeSync, constants, lchownSync, lstatSync, mkdirSync, openSync, readlinkSync } from 'node:fs';
import { posix } from 'node:path';
import { failedPrecondition, invalidArgument } from '@docker-ts/base/errors';
import { SystemError } from '@docker-ts/linux/libc';
import { O_PATH, openat2, RESOLVE } from '@docker-ts/linux/openat2';
import { getXattr, listXattrs, setXattr } from '@docker-ts/linux/xattr';
import { setTimes } from '@docker-ts/linux/inode';

/** An open directory. */
export interface Place {
  /** `/proc/self/fd/<fd>`, for as long as the directory is held open. */
  readonly path: string;
  /** Where it really lies, for telling apart what the archive names in several ways. */
  readonly realPath: string;
}

interface OpenPlace extends Place {
  readonly fd: number;
}

/** Directories held open at once: archives name the files of a directory one after another. */
const maxOpen = 32;

/** As many links as the kernel follows in one path. */
const maxLinks = 40;

const openFlags = O_PATH | constants.O_DIRECTORY;
const resolveFlags = RESOLVE.IN_ROOT | RESOLVE.NO_MAGICLINKS;

export class RootedDirectory implements Disposable {
  readonly #rootFd: number;
  readonly #rootPath: string;
  readonly #parents: readonly string[];
  readonly #open = new Map<string, OpenPlace>();

  /** @param parents layers below, nearest first: a directory that is made because a file needs it looks like theirs. */
  constructor(root: string, parents: readonly string[] = []) {
    this.#rootFd = openSync(root, openFlags);
    this.#rootPath = readlinkSync(`/proc/self/fd/${this.#rootFd}`);
    this.#parents = parents;
  }

  /** The directory `path` (absolute within the root); undefined if there is none. */
  find(path: string): Place | undefined {
    const known = this.#open.get(path);
    if (known) return known;
    try {
      return this.#hold(path, this.#openPath(path));
    } catch (error) {
      if (error instanceof SystemError && error.errnoName === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** The directory `path`, made with all that is missing on the way. @throws failed_precondition if a file is in the way. */
  make(path: string, links = 0): Place {
    try {
      const found = this.find(path);
      if (found) return found;
    } catch (error) {
      if (!(error instanceof SystemError) || error.errnoName !== 'ENOTDIR') throw error;
      throw failedPrecondition(`cannot make directory "${path}": not a directory`, error);
    }
    const parent = this.make(posix.dirname(path), links);
    const child = `${parent.path}/${posix.basename(path)}`;
    try {
      mkdirSync(child, { mode: 0o755 });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      // a link whose target is not there: the target is what has to be made
      if (links >= maxLinks) throw invalidArgument(`cannot make directory "${path}": too many links`, error);
      this.make(posix.resolve(this.#within(parent), readlinkSync(child)), links + 1);
      return this.make(path, links + 1);
    }
    this.#likeParents(path, child);
    return this.make(path, links);
  }

  /** Forgets which path leads where: to be called when a directory or a link has gone or has been replaced. */
  forget(): void {
    for (const { fd } of this.#open.values()) closeSync(fd);
    this.#open.clear();
  }

  [Symbol.dispose](): void {
    this.forget();
    closeSync(this.#rootFd);
  }

  #openPath(path: string): number {
    return openat2(this.#rootFd, path, openFlags, resolveFlags);
  }

  #hold(path: string, fd: number): Place {
    if (this.#open.size >= maxOpen) this.forget();
    const place = { fd, path: `/proc/self/fd/${fd}`, realPath: readlinkSync(`/proc/self/fd/${fd}`) };
    this.#open.set(path, place);
    return place;
  }

  /** The path of a place as the root's inside sees it. */
  #within({ realPath }: Place): string {
    return realPath.slice(this.#rootPath === '/' ? 0 : this.#rootPath.length) || '/';
  }

  /** Copies owner, mode, times and attributes from the nearest layer below that has the directory. */
  #likeParents(path: string, made: string): void {
    for (const layer of this.#parents) {
      const layerFd = openSync(layer, openFlags);
      try {
        const fd = openat2(layerFd, path, O_PATH | constants.O_NOFOLLOW, resolveFlags);
        try {
          copyAttributes(`/proc/self/fd/${fd}`, made);
          return;
        } finally {
          closeSync(fd);
        }
      } catch (error) {
        if (!(error instanceof SystemError) || !['ENOENT', 'ENOTDIR'].includes(error.errnoName)) throw error;
      } finally {
        closeSync(layerFd);
      }
    }
  }
}

function copyAttributes(descriptorPath: string, to: string): void {
  const from = readlinkSync(descriptorPath);
  const stat = lstatSync(from, { bigint: true });
  // replaced by a file (or a whiteout) in a nearer layer: that says nothing about a directory
  if (!stat.isDirectory()) return;
  lchownSync(to, Number(stat.uid), Number(stat.gid));
  for (const name of listXattrs(from)) {
    // overlayfs' own attributes speak of that layer alone
    if (!name.startsWith('trusted.overlay.')) setXattr(to, name, getXattr(from, name));
  }
  chmodSync(to, Number(stat.mode & 0o7777n));
  setTimes(to, stat.atimeNs, stat.mtimeNs);
}
