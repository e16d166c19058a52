/** Tar archives for tests, member by member: also such as no tar program would write. */

export interface FixtureMember {
  readonly name: string;
  /** Type flag; a file if there is none. */
  readonly type?: string;
  readonly data?: string | Uint8Array;
  readonly linkName?: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly mtime?: number;
  readonly device?: readonly [major: number, minor: number];
  /** PAX records in front of the member. */
  readonly pax?: Readonly<Record<string, string | Uint8Array>>;
}

const block = 512;

function header(member: FixtureMember, size: number): Buffer {
  const bytes = Buffer.alloc(block);
  const octal = (value: number, offset: number, length: number): void => {
    bytes.write(value.toString(8).padStart(length - 1, '0'), offset);
  };
  bytes.write(member.name, 0, 100);
  octal(member.mode ?? 0o644, 100, 8);
  octal(member.uid ?? 0, 108, 8);
  octal(member.gid ?? 0, 116, 8);
  octal(size, 124, 12);
  octal(member.mtime ?? 1_600_000_000, 136, 12);
  bytes.write(member.type ?? '0', 156);
  bytes.write(member.linkName ?? '', 157, 100);
  bytes.write('ustar\x0000', 257);
  octal(member.device?.[0] ?? 0, 329, 8);
  octal(member.device?.[1] ?? 0, 337, 8);
  bytes.fill(' ', 148, 156);
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return bytes;
}

function paxRecord(key: string, value: string | Uint8Array): Buffer {
  const tail = Buffer.concat([Buffer.from(` ${key}=`), Buffer.from(value as Uint8Array), Buffer.from('\n')]);
  let length = tail.length + 1;
  while (String(length).length + tail.length !== length) length += 1;
  return Buffer.concat([Buffer.from(String(length)), tail]);
}

const padded = (bytes: Buffer): Buffer =>
  Buffer.concat([bytes, Buffer.alloc((block - (bytes.length % block)) % block)]);

/** The archive with its two closing blocks. */
export function tarOf(members: readonly FixtureMember[]): Buffer {
  const parts: Buffer[] = [];
  for (const member of members) {
    if (member.pax) {
      const records = Buffer.concat(Object.entries(member.pax).map(([key, value]) => paxRecord(key, value)));
      parts.push(header({ name: 'pax', type: 'x' }, records.length), padded(records));
    }
    const data = Buffer.from((member.data ?? '') as Uint8Array);
    parts.push(header(member, data.length), padded(data));
  }
  return Buffer.concat([...parts, Buffer.alloc(block * 2)]);
}
