/**
 * A faithful copy of a tree, like `cp -a`: owners, modes, times, extended attributes, devices, FIFOs, and hard links as hard links. File
 * data is shared with the original where the file system can (reflink). Nothing may change the source meanwhile: it is a committed
 * snapshot.
 */
import {
  chmodSync,
  constants,
  copyFileSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
  type BigIntStats,
} from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { SystemError } from '@docker-ts/linux/libc';
import { makeNode, setTimes } from '@docker-ts/linux/inode';
import { getXattr, listXattrs, setXattr } from '@docker-ts/linux/xattr';

/** Other work of the daemon gets its turn after this long. */
const sliceMs = 4;
const permissionBits = 0o7777n;

/** Copies what is in the directory `from` into the directory `to`, and `from`'s own attributes onto `to`. */
export async function copyTree(from: string, to: string): Promise<void> {
  const copier = new TreeCopier();
  await copier.directory(from, to);
}

class TreeCopier {
  /** First copy of each file with several names, by device and inode. */
  readonly #links = new Map<string, string>();
  #sliceEnd = performance.now() + sliceMs;

  async directory(from: string, to: string): Promise<void> {
    for (const name of readdirSync(from)) {
      await this.#turn();
      const [source, target] = [`${from}/${name}`, `${to}/${name}`];
      const stat = lstatSync(source, { bigint: true });
      if (stat.isDirectory()) {
        mkdirSync(target, { mode: 0o700 });
        await this.directory(source, target);
      } else {
        this.#entry(source, target, stat);
      }
    }
    // last, since what comes into it changes its times
    copyAttributes(from, to, lstatSync(from, { bigint: true }));
  }

  #entry(source: string, target: string, stat: BigIntStats): void {
    const inode = `${stat.dev}:${stat.ino}`;
    const first = stat.nlink > 1n ? this.#links.get(inode) : undefined;
    if (first !== undefined) {
      linkSync(first, target);
      return;
    }
    if (stat.isFile()) copyFileSync(source, target, constants.COPYFILE_FICLONE);
    else if (stat.isSymbolicLink()) symlinkSync(readlinkSync(source), target);
    else if (stat.isSocket()) return;
    else makeNode(target, Number(stat.mode), stat.rdev);
    copyAttributes(source, target, stat);
    if (stat.nlink > 1n) this.#links.set(inode, target);
  }

  async #turn(): Promise<void> {
    if (performance.now() < this.#sliceEnd) return;
    await setImmediate();
    this.#sliceEnd = performance.now() + sliceMs;
  }
}

function copyAttributes(from: string, to: string, stat: BigIntStats): void {
  lchownSync(to, Number(stat.uid), Number(stat.gid));
  for (const name of listXattrs(from)) {
    try {
      setXattr(to, name, getXattr(from, name));
    } catch (error) {
      // kept by the kernel itself, or not known to this file system
      if (!(error instanceof SystemError) || error.errnoName !== 'EOPNOTSUPP') throw error;
    }
  }
  if (!stat.isSymbolicLink()) chmodSync(to, Number(stat.mode & permissionBits));
  setTimes(to, stat.atimeNs, stat.mtimeNs);
}
