/**
 * Sparse members of GNU tar: only the extents with data are in the archive, a map tells where they belong (GNU tar manual, "Storing
 * Sparse Files").
 *
 *     old    type `S`; four entries in the header, more in blocks that follow it; real size at 483
 *     0.0    PAX GNU.sparse.offset / GNU.sparse.numbytes, repeated; GNU.sparse.size
 *     0.1    PAX GNU.sparse.map=offset,length,…; GNU.sparse.size; GNU.sparse.name
 *     1.0    PAX GNU.sparse.major=1; GNU.sparse.realsize; GNU.sparse.name; the map as decimal lines in front of the data
 */
import { invalidArgument } from '@docker-ts/base/errors';
import { blockBytes, tarNumber } from './tar-header.ts';
import { type PaxRecords, paxNumber, paxText } from './tar-pax.ts';
import { type TarSource, truncated } from './tar-source.ts';

/** A stretch of a member's data and where in the file it goes. */
export interface TarExtent {
  readonly offset: number;
  readonly length: number;
}

export interface SparseMap {
  readonly extents: readonly TarExtent[];
  /** The size of the file with its holes. */
  readonly realSizeBytes: number;
  /** Bytes of the map that were taken from the member's data. */
  readonly mapBytes: number;
}

const entriesInHeader = 4;
const entriesInExtension = 21;
const maxExtents = 1_000_000;
const decoder = new TextDecoder();
const malformed = (): Error => invalidArgument('cannot read tar header: malformed sparse map');

/** Extents must be in order, must not overlap and must fit into the file; together they are the data in the archive. */
function checked(extents: readonly TarExtent[], realSizeBytes: number, dataBytes: number): readonly TarExtent[] {
  let end = 0;
  let total = 0;
  for (const { offset, length } of extents) {
    if (offset < end || length < 0 || offset + length > realSizeBytes) throw malformed();
    end = offset + length;
    total += length;
  }
  if (total !== dataBytes) throw malformed();
  return extents.filter(({ length }) => length > 0);
}

/** The map of a member of type `S`, whose extension blocks follow its header. */
export async function readOldSparseMap(header: Uint8Array, dataBytes: number, source: TarSource): Promise<SparseMap> {
  const extents: TarExtent[] = [];
  const read = (block: Uint8Array, start: number, count: number): void => {
    for (let at = start; at < start + count * 24; at += 24) {
      if (block[at] === 0) return;
      const offset = tarNumber(block.subarray(at, at + 12), 'sparse offset');
      extents.push({ offset, length: tarNumber(block.subarray(at + 12, at + 24), 'sparse length') });
    }
  };
  const realSizeBytes = tarNumber(header.subarray(483, 495), 'real size');
  read(header, 386, entriesInHeader);
  for (let more = header[482]; more;) {
    const block = await source.take(blockBytes);
    if (!block) throw truncated();
    read(block, 0, entriesInExtension);
    if (extents.length > maxExtents) throw malformed();
    more = block[504];
  }
  return { extents: checked(extents, realSizeBytes, dataBytes), realSizeBytes, mapBytes: 0 };
}

/** The map that PAX records speak of; undefined if the member is not sparse. */
export async function readPaxSparseMap(
  records: PaxRecords,
  dataBytes: number,
  source: TarSource,
): Promise<SparseMap | undefined> {
  if (paxNumber(records, 'GNU.sparse.major') === 1 && paxNumber(records, 'GNU.sparse.minor') === 0) {
    const realSizeBytes = paxNumber(records, 'GNU.sparse.realsize') ?? 0;
    const { numbers, mapBytes } = await readMapLines(source, dataBytes);
    return { extents: checked(pairs(numbers), realSizeBytes, dataBytes - mapBytes), realSizeBytes, mapBytes };
  }
  const map = paxText(records, 'GNU.sparse.map');
  if (map === undefined) return undefined;
  const realSizeBytes = paxNumber(records, 'GNU.sparse.size') ?? 0;
  const numbers = map === '' ? [] : map.split(',').map(wholeNumber);
  return { extents: checked(pairs(numbers), realSizeBytes, dataBytes), realSizeBytes, mapBytes: 0 };
}

function wholeNumber(text: string): number {
  if (!/^[0-9]{1,16}$/.test(text)) throw malformed();
  return Number(text);
}

function pairs(numbers: readonly number[]): TarExtent[] {
  if (numbers.length % 2 !== 0) throw malformed();
  const extents: TarExtent[] = [];
  for (let i = 0; i < numbers.length; i += 2) extents.push({ offset: numbers[i] ?? 0, length: numbers[i + 1] ?? 0 });
  return extents;
}

/** Format 1.0: the number of extents, then offset and length of each, a line each, filled up to whole blocks. */
async function readMapLines(source: TarSource, dataBytes: number): Promise<{ numbers: number[]; mapBytes: number }> {
  let text = '';
  let mapBytes = 0;
  for (;;) {
    const lines = text.split('\n');
    const complete = lines.length - 1;
    const count = complete > 0 ? wholeNumber(lines[0] ?? '') : undefined;
    if (count !== undefined && count > maxExtents) throw malformed();
    if (count !== undefined && complete >= 1 + count * 2) {
      return { numbers: lines.slice(1, 1 + count * 2).map(wholeNumber), mapBytes };
    }
    if (mapBytes + blockBytes > dataBytes) throw malformed();
    const block = await source.take(blockBytes);
    if (!block) throw truncated();
    mapBytes += blockBytes;
    text += decoder.decode(block);
  }
}
