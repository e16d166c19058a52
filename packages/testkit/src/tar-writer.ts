/** Writes small tar archives in memory (ustar, POSIX.1-1988): the images and layers that tests are made of. */
import { invalidArgument } from '@docker-ts/base/errors';

export interface TarMember {
  readonly name: string;
  /** Default: a file if there is content, a link if there is a target, else a directory. */
  readonly type?: 'file' | 'directory' | 'symlink' | 'hardlink' | 'character' | 'block' | 'fifo';
  readonly content?: Uint8Array | string;
  /** Target of a link. */
  readonly target?: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly device?: { readonly major: number; readonly minor: number };
  /** Seconds since the epoch. */
  readonly mtime?: number;
}

const flags = {
  file: '0',
  hardlink: '1',
  symlink: '2',
  character: '3',
  block: '4',
  directory: '5',
  fifo: '6',
} as const;

const typeOf = ({ type, content, target }: TarMember): keyof typeof flags =>
  type ?? (content !== undefined ? 'file' : target !== undefined ? 'symlink' : 'directory');

/** name[100] and prefix[155], split at a slash. */
function splitName(name: string): { name: string; prefix: string } {
  if (Buffer.byteLength(name) <= 100) return { name, prefix: '' };
  const slash = name.lastIndexOf('/', 155);
  const rest = name.slice(slash + 1);
  if (slash <= 0 || Buffer.byteLength(rest) > 100)
    throw invalidArgument(`cannot write tar member "${name}": name too long`);
  return { name: rest, prefix: name.slice(0, slash) };
}

function headerOf(member: TarMember, sizeBytes: number): Buffer {
  const block = Buffer.alloc(512);
  const type = typeOf(member);
  const { name, prefix } = splitName(member.name);
  const octal = (value: number, start: number, length: number): void => {
    block.write(value.toString(8).padStart(length - 1, '0'), start, 'latin1');
  };
  block.write(name, 0);
  octal(member.mode ?? (type === 'directory' ? 0o755 : 0o644), 100, 8);
  octal(member.uid ?? 0, 108, 8);
  octal(member.gid ?? 0, 116, 8);
  octal(sizeBytes, 124, 12);
  octal(member.mtime ?? 1_700_000_000, 136, 12);
  block.fill(' ', 148, 156);
  block.write(flags[type], 156);
  block.write(member.target ?? '', 157);
  block.write('ustar\u000000', 257, 'latin1');
  octal(member.device?.major ?? 0, 329, 8);
  octal(member.device?.minor ?? 0, 337, 8);
  block.write(prefix, 345);
  let sum = 0;
  for (const byte of block) sum += byte;
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

/** The archive with all members in order. */
export function tarArchive(members: readonly TarMember[]): Buffer {
  const parts: Uint8Array[] = [];
  for (const member of members) {
    const content = Buffer.from(member.content ?? '');
    parts.push(headerOf(member, content.length), content, Buffer.alloc((512 - (content.length % 512)) % 512));
  }
  return Buffer.concat([...parts, Buffer.alloc(1024)]);
}
