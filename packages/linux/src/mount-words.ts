/** The option words of mount(8) as flags of mount(2): what a containerd mount's options mean. */
import { mount, MS } from './mount.ts';
import { mountOverlay } from './overlay-mount.ts';

interface Effect {
  readonly set?: bigint;
  readonly clear?: bigint;
}

const flagWords: ReadonlyMap<string, Effect> = new Map<string, Effect>([
  ['async', { clear: MS.SYNCHRONOUS }],
  ['atime', { clear: MS.NOATIME }],
  ['bind', { set: MS.BIND }],
  ['defaults', {}],
  ['dev', { clear: MS.NODEV }],
  ['diratime', { clear: MS.NODIRATIME }],
  ['dirsync', { set: MS.DIRSYNC }],
  ['exec', { clear: MS.NOEXEC }],
  ['noatime', { set: MS.NOATIME }],
  ['nodev', { set: MS.NODEV }],
  ['nodiratime', { set: MS.NODIRATIME }],
  ['noexec', { set: MS.NOEXEC }],
  ['norelatime', { clear: MS.RELATIME }],
  ['nostrictatime', { clear: MS.STRICTATIME }],
  ['nosuid', { set: MS.NOSUID }],
  ['rbind', { set: MS.BIND | MS.REC }],
  ['relatime', { set: MS.RELATIME }],
  ['remount', { set: MS.REMOUNT }],
  ['ro', { set: MS.RDONLY }],
  ['rw', { clear: MS.RDONLY }],
  ['strictatime', { set: MS.STRICTATIME }],
  ['suid', { clear: MS.NOSUID }],
  ['sync', { set: MS.SYNCHRONOUS }],
]);

const propagationWords: ReadonlyMap<string, bigint> = new Map([
  ['private', MS.PRIVATE],
  ['rprivate', MS.PRIVATE | MS.REC],
  ['rshared', MS.SHARED | MS.REC],
  ['rslave', MS.SLAVE | MS.REC],
  ['runbindable', MS.UNBINDABLE | MS.REC],
  ['shared', MS.SHARED],
  ['slave', MS.SLAVE],
  ['unbindable', MS.UNBINDABLE],
]);

export interface MountWords {
  readonly flags: bigint;
  /** To be set one after the other once the mount is there. */
  readonly propagation: readonly bigint[];
  /** What the file system is to read itself. */
  readonly data: readonly string[];
}

export function parseMountWords(options: readonly string[]): MountWords {
  let flags = 0n;
  const propagation: bigint[] = [];
  const data: string[] = [];
  for (const option of options) {
    const effect = flagWords.get(option);
    const spread = propagationWords.get(option);
    if (effect) flags = (flags | (effect.set ?? 0n)) & ~(effect.clear ?? 0n);
    else if (spread !== undefined) propagation.push(spread);
    else if (option !== '') data.push(option);
  }
  return { flags, propagation, data };
}

/**
 * Mounts what `type`, `source` and option words say on `target`. A read-only bind mount takes two steps, since the first one ignores
 * flags; overlays may have any number of layers.
 */
export function mountByWords(type: string, source: string, target: string, options: readonly string[]): void {
  const { flags, propagation, data } = parseMountWords(options);
  if (type === 'overlay') mountOverlay(target, flags, data);
  else mount(source, target, type === 'bind' || type === 'rbind' ? '' : type, flags, data.join(','));
  const bound = (flags & MS.BIND) !== 0n;
  const changes = flags & ~(MS.BIND | MS.REC | MS.REMOUNT);
  if (bound && changes !== 0n) mount('', target, '', MS.BIND | MS.REMOUNT | changes);
  for (const spread of propagation) mount('', target, '', spread);
}
