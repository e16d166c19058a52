/**
 * `mounts[].options`: which words are flags of the mount, which are propagation, and which belong to the file system. The table is
 * that of mount(8) as runc reads it; the flags are those of mount_setattr(2) and fsconfig(2).
 */
import { unimplemented } from '@docker-ts/base/errors';
import { MS } from '@docker-ts/linux/mount';

/** MOUNT_ATTR_* of include/uapi/linux/mount.h. */
export const MOUNT_ATTR = {
  RDONLY: 0x1n,
  NOSUID: 0x2n,
  NODEV: 0x4n,
  NOEXEC: 0x8n,
  NOATIME: 0x10n,
  STRICTATIME: 0x20n,
  /** The field that NOATIME, STRICTATIME and relatime (0) share. */
  ATIME: 0x70n,
  NODIRATIME: 0x80n,
  NOSYMFOLLOW: 0x20_0000n,
} as const;

interface Effect {
  readonly set?: bigint;
  readonly clear?: bigint;
}

const attributes: ReadonlyMap<string, Effect> = new Map<string, Effect>([
  ['ro', { set: MOUNT_ATTR.RDONLY }],
  ['rw', { clear: MOUNT_ATTR.RDONLY }],
  ['nosuid', { set: MOUNT_ATTR.NOSUID }],
  ['suid', { clear: MOUNT_ATTR.NOSUID }],
  ['nodev', { set: MOUNT_ATTR.NODEV }],
  ['dev', { clear: MOUNT_ATTR.NODEV }],
  ['noexec', { set: MOUNT_ATTR.NOEXEC }],
  ['exec', { clear: MOUNT_ATTR.NOEXEC }],
  ['nosymfollow', { set: MOUNT_ATTR.NOSYMFOLLOW }],
  ['symfollow', { clear: MOUNT_ATTR.NOSYMFOLLOW }],
  ['nodiratime', { set: MOUNT_ATTR.NODIRATIME }],
  ['diratime', { clear: MOUNT_ATTR.NODIRATIME }],
  ['noatime', { set: MOUNT_ATTR.NOATIME, clear: MOUNT_ATTR.ATIME }],
  ['strictatime', { set: MOUNT_ATTR.STRICTATIME, clear: MOUNT_ATTR.ATIME }],
  ['relatime', { clear: MOUNT_ATTR.ATIME }],
  // relatime is the kernel's default, so lifting one of the others means it
  ['atime', { clear: MOUNT_ATTR.ATIME }],
  ['nostrictatime', { clear: MOUNT_ATTR.ATIME }],
  ['norelatime', {}],
]);

const propagations: ReadonlyMap<string, bigint> = new Map([
  ['private', MS.PRIVATE],
  ['slave', MS.SLAVE],
  ['shared', MS.SHARED],
  ['unbindable', MS.UNBINDABLE],
]);

/** Flags of the superblock; the file system's own parser takes them by name. */
const superblockFlags: ReadonlySet<string> = new Set([
  'sync',
  'dirsync',
  'lazytime',
  'mand',
  'async',
  'nolazytime',
  'nomand',
]);
/** Words without an effect here. */
const ignored: ReadonlySet<string> = new Set(['defaults', 'silent', 'loud', 'iversion', 'noiversion', '']);

/** Every word that is not the file system's own. */
export const mountOptionNames: readonly string[] = [
  ...attributes.keys(),
  ...[...attributes.keys()].map((name) => `r${name}`),
  ...propagations.keys(),
  ...[...propagations.keys()].map((name) => `r${name}`),
  ...superblockFlags,
  'bind',
  'rbind',
  'remount',
  'defaults',
].toSorted();

export interface MountOptions {
  readonly bind: boolean;
  readonly recursive: boolean;
  readonly remount: boolean;
  /** MOUNT_ATTR_* of this mount, and of everything below it. */
  readonly set: bigint;
  readonly clear: bigint;
  readonly recursiveSet: bigint;
  readonly recursiveClear: bigint;
  /** MS_PRIVATE and so on; 0: as it comes. */
  readonly propagation: bigint;
  readonly propagationRecursive: boolean;
  /** The file system's own, one by one. */
  readonly data: readonly string[];
}

interface AttributeChange {
  set: bigint;
  clear: bigint;
}

/** A later word overrules an earlier one. */
function apply(change: AttributeChange, { set = 0n, clear = 0n }: Effect): void {
  change.set = (change.set & ~clear) | set;
  change.clear = (change.clear & ~set) | clear;
}

/** `rslave` → slave for the whole tree; 0 if the word is no propagation. */
export function parsePropagation(word: string): { readonly flags: bigint; readonly recursive: boolean } {
  const flags = propagations.get(word);
  if (flags !== undefined) return { flags, recursive: false };
  return { flags: (word.startsWith('r') ? propagations.get(word.slice(1)) : undefined) ?? 0n, recursive: true };
}

/** `field` names the mount in errors. unimplemented: an option that this runtime knows of and cannot do. */
export function parseMountOptions(words: readonly string[], field: string): MountOptions {
  const own: AttributeChange = { set: 0n, clear: 0n };
  const all: AttributeChange = { set: 0n, clear: 0n };
  let [bind, recursive, remount, propagation, propagationRecursive] = [false, false, false, 0n, false];
  const data: string[] = [];
  for (const word of words) {
    const effect = attributes.get(word);
    const recursiveEffect = word.startsWith('r') ? attributes.get(word.slice(1)) : undefined;
    const spread = parsePropagation(word);
    if (effect !== undefined) apply(own, effect);
    else if (word === 'bind' || word === 'rbind') [bind, recursive] = [true, recursive || word === 'rbind'];
    else if (word === 'remount') remount = true;
    else if (spread.flags !== 0n) [propagation, propagationRecursive] = [spread.flags, spread.recursive];
    else if (recursiveEffect !== undefined) apply(all, recursiveEffect);
    else if (word === 'tmpcopyup' || word === 'idmap' || word === 'ridmap')
      throw unimplemented(`cannot use ${field}: option "${word}" is not supported`);
    else if (superblockFlags.has(word)) data.push(word);
    else if (!ignored.has(word)) data.push(...word.split(',').filter((part) => !ignored.has(part)));
  }
  return {
    bind,
    recursive,
    remount,
    ...own,
    recursiveSet: all.set,
    recursiveClear: all.clear,
    propagation,
    propagationRecursive,
    data,
  };
}
