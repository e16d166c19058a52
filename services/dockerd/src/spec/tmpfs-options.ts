/** Options of `--tmpfs` and `--mount type=tmpfs`: mount(8)'s flags and tmpfs(5)'s `key=value`, merged so that the last one wins. */
import { invalidArgument } from '@docker-ts/base/errors';
import type { TmpfsOptions } from './container-config.ts';

/** Option → what it competes for: of each only the last stays. */
const flagSubject: Readonly<Record<string, string>> = Object.fromEntries(
  [
    ['ro', 'rw'],
    ['suid', 'nosuid'],
    ['dev', 'nodev'],
    ['exec', 'noexec'],
    ['sync', 'async'],
    ['dirsync'],
    ['remount'],
    ['mand', 'nomand'],
    ['atime', 'noatime'],
    ['diratime', 'nodiratime'],
    ['bind'],
    ['rbind'],
    ['relatime', 'norelatime'],
    ['strictatime', 'nostrictatime'],
    ['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave', 'unbindable', 'runbindable'],
  ].flatMap((group) => group.map((option) => [option, group[0] ?? option])),
);

const tmpfsKeys: readonly string[] = ['size', 'mode', 'uid', 'gid', 'nr_inodes', 'nr_blocks', 'mpol'];

/** Drops what a later option overrides; an option that tmpfs does not have is invalid_argument. */
export function mergeTmpfsOptions(options: readonly string[]): string[] {
  const taken = new Set<string>();
  const merged: string[] = [];
  for (const option of options.toReversed()) {
    if (option === 'defaults') continue;
    const [key = '', ...value] = option.split('=');
    const subject = flagSubject[option] ?? (value.length > 0 && tmpfsKeys.includes(key) ? `${key}=` : undefined);
    if (subject === undefined) throw invalidArgument(`invalid tmpfs option "${key}"`);
    if (taken.has(subject)) continue;
    taken.add(subject);
    merged.unshift(option);
  }
  return merged;
}

/** The options of a tmpfs in a container: docker's defaults, then `data` (comma separated). */
export function containerTmpfsOptions(data: string): string[] {
  return mergeTmpfsOptions(['noexec', 'nosuid', 'nodev', 'rprivate', ...(data === '' ? [] : data.split(','))]);
}

/** `--mount type=tmpfs,tmpfs-size=…,tmpfs-mode=…` in the words of `--tmpfs`. */
export function tmpfsData(options: TmpfsOptions | null | undefined, readOnly: boolean): string {
  const words: string[] = [];
  if (readOnly) words.push('ro');
  if (options?.Mode) words.push(`mode=${options.Mode.toString(8)}`);
  if (options?.SizeBytes) words.push(`size=${sizeWord(options.SizeBytes)}`);
  for (const option of options?.Options ?? []) {
    const [name = ''] = option;
    if (option.length < 1 || option.length > 2) throw invalidArgument('invalid option array length');
    if (name !== 'exec' && name !== 'noexec') throw invalidArgument(`invalid option: ${name}`);
    words.push(option.join('='));
  }
  return words.join(',');
}

function sizeWord(sizeBytes: number): string {
  for (const [suffix, unit] of [
    ['g', 2 ** 30],
    ['m', 2 ** 20],
    ['k', 2 ** 10],
  ] as const)
    if (sizeBytes % unit === 0) return `${sizeBytes / unit}${suffix}`;
  return String(sizeBytes);
}
