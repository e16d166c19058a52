/**
 * Overlay mounts with any number of lower directories. mount(2) takes one page of options, about forty layers of a snapshotter; beyond that
 * the lower directories are given one by one to the new mount API (`lowerdir+`, Linux 6.7), or, on older kernels, by the short
 * names of descriptors that hold them open (`/proc/self/fd/<n>`).
 */
import { closeSync, constants, openSync } from 'node:fs';
import { check, cString, openLibc, SystemError } from './libc.ts';
import { mount, MS } from './mount.ts';
import { O_PATH } from './openat2.ts';

const SYS_move_mount = 429;
const SYS_fsopen = 430;
const SYS_fsconfig = 431;
const SYS_fsmount = 432;
const FSOPEN_CLOEXEC = 1;
const FSMOUNT_CLOEXEC = 1;
const FSCONFIG_SET_FLAG = 0;
const FSCONFIG_SET_STRING = 1;
const FSCONFIG_CMD_CREATE = 6;
const MOVE_MOUNT_F_EMPTY_PATH = 4;
const AT_FDCWD = -100;

/** The new mount API by number, since older C libraries have no functions for it; opened when a mount needs it. */
function openMountApi() {
  const { syscall: fsopen } = openLibc({ syscall: { args: ['i64', 'ptr', 'i64'], returns: 'i64' } });
  const { syscall: fsconfig } = openLibc({
    syscall: { args: ['i64', 'i64', 'i64', 'ptr', 'ptr', 'i64'], returns: 'i64' },
  });
  const { syscall: fsmount } = openLibc({ syscall: { args: ['i64', 'i64', 'i64', 'i64'], returns: 'i64' } });
  const { syscall: moveMount } = openLibc({
    syscall: { args: ['i64', 'i64', 'ptr', 'i64', 'ptr', 'i64'], returns: 'i64' },
  });
  return { fsopen, fsconfig, fsmount, moveMount };
}

const MOUNT_ATTR_RDONLY = 1;
const MOUNT_ATTR_NOSUID = 2;
const MOUNT_ATTR_NODEV = 4;
const MOUNT_ATTR_NOEXEC = 8;

/** What mount(2) copies of its options, the closing NUL included. */
export const maxOptionBytes = 4096;

const lowerPrefix = 'lowerdir=';

/** Mounts an overlay on `target`. `options` are overlayfs' own, `lowerdir=…` among them. */
export function mountOverlay(target: string, flags: bigint, options: readonly string[]): void {
  const data = options.join(',');
  if (Buffer.byteLength(data) < maxOptionBytes) {
    mount('overlay', target, 'overlay', flags, data);
    return;
  }
  const lower = options.filter((option) => option.startsWith(lowerPrefix));
  const layers = lower.flatMap((option) => splitLayers(option.slice(lowerPrefix.length)));
  const rest = options.filter((option) => !option.startsWith(lowerPrefix));
  try {
    mountOneByOne(target, flags, rest, layers);
  } catch (error) {
    // EINVAL: the kernel knows no `lowerdir+`; ENOSYS: it does not know the calls
    const tooOld = error instanceof SystemError && ['EINVAL', 'ENOSYS'].includes(error.errnoName);
    if (!tooOld) throw error;
    mountByDescriptors(target, flags, rest, layers);
  }
}

/** A colon in a path is written `\:`. */
function splitLayers(text: string): string[] {
  return text.split(/(?<!\\):/).map((layer) => layer.replace(/\\([\\:])/g, '$1'));
}

function mountOneByOne(target: string, flags: bigint, options: readonly string[], layers: readonly string[]): void {
  const api = openMountApi();
  const failed = (step: string) => (): string => `mount overlay on ${target}: ${step}`;
  const context = check(Number(api.fsopen(SYS_fsopen, cString('overlay'), FSOPEN_CLOEXEC)), failed('fsopen'));
  try {
    const set = (command: number, key: string | null, value: string | null): void => {
      const [keyBytes, valueBytes] = [key === null ? null : cString(key), value === null ? null : cString(value)];
      const result = api.fsconfig(SYS_fsconfig, context, command, keyBytes, valueBytes, 0);
      check(Number(result), failed(`fsconfig ${key ?? 'create'}`));
    };
    set(FSCONFIG_SET_STRING, 'source', 'overlay');
    for (const layer of layers) set(FSCONFIG_SET_STRING, 'lowerdir+', layer);
    for (const option of options) {
      const equals = option.indexOf('=');
      if (equals < 0) set(FSCONFIG_SET_FLAG, option, null);
      else set(FSCONFIG_SET_STRING, option.slice(0, equals), option.slice(equals + 1));
    }
    set(FSCONFIG_CMD_CREATE, null, null);
    const mounted = check(
      Number(api.fsmount(SYS_fsmount, context, FSMOUNT_CLOEXEC, mountAttributes(flags))),
      failed('fsmount'),
    );
    try {
      const moved = api.moveMount(
        SYS_move_mount,
        mounted,
        cString(''),
        AT_FDCWD,
        cString(target),
        MOVE_MOUNT_F_EMPTY_PATH,
      );
      check(Number(moved), failed('move_mount'));
    } finally {
      closeSync(mounted);
    }
  } finally {
    closeSync(context);
  }
}

function mountAttributes(flags: bigint): number {
  return (
    (flags & MS.RDONLY ? MOUNT_ATTR_RDONLY : 0) |
    (flags & MS.NOSUID ? MOUNT_ATTR_NOSUID : 0) |
    (flags & MS.NODEV ? MOUNT_ATTR_NODEV : 0) |
    (flags & MS.NOEXEC ? MOUNT_ATTR_NOEXEC : 0)
  );
}

/** Exported for its test: kernels that get here are rare by now. */
export function mountByDescriptors(
  target: string,
  flags: bigint,
  options: readonly string[],
  layers: readonly string[],
): void {
  const held: number[] = [];
  try {
    for (const layer of layers) held.push(openSync(layer, O_PATH | constants.O_DIRECTORY));
    const lower = held.map((fd) => `/proc/self/fd/${fd}`).join(':');
    mount('overlay', target, 'overlay', flags, [`${lowerPrefix}${lower}`, ...options].join(','));
  } finally {
    for (const fd of held) closeSync(fd);
  }
}
