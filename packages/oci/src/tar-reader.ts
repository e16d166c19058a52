/**
 * Reads a tar archive as it streams in: ustar, PAX and GNU (long names, sparse members). Nothing is held but the current header and the
 * piece at hand, so that the size of an archive does not matter; extended headers are limited.
 *
 *     for (let entry = await reader.next(); entry; entry = await reader.next())
 *       for (let piece = await reader.read(); piece; piece = await reader.read()) …     // optional: unread data is skipped
 *
 * Everything is invalid_argument that makes the archive unreadable, a truncated one included.
 */
import { invalidArgument } from '@docker-ts/base/errors';
import { blockBytes, isZeroBlock, parseTarHeader, type TarHeader, tarText } from './tar-header.ts';
import { applyPaxRecords, parsePaxRecords, type PaxRecords, paxText } from './tar-pax.ts';
import { TarSource, truncated } from './tar-source.ts';
import { readOldSparseMap, readPaxSparseMap, type SparseMap, type TarExtent } from './tar-sparse.ts';

export interface TarEntry extends Readonly<TarHeader> {
  readonly pax: PaxRecords;
  /** The size of the file, holes included. */
  readonly fileSizeBytes: number;
  /** True if the data has holes: the file's end has to be set. */
  readonly sparse: boolean;
}

/** A piece of a file's data and where it belongs. The bytes are valid until the next call. */
export interface TarPiece {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** Bytes of one extended header or long name: as Go's archive/tar has it. */
const maxExtensionBytes = 1024 * 1024;

const noRecords: PaxRecords = new Map();

/** Types that have no data, whatever their size field says. */
const dataless = new Set(['1', '2', '3', '4', '5', '6']);

export class TarReader {
  readonly #source: TarSource;
  /** Data of the current member that is still to come, and the padding after it. */
  #left = 0;
  #padding = 0;
  #extents: TarExtent[] = [];
  #ended = false;

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#source = new TarSource(chunks);
  }

  /** The next member; undefined at the end of the archive. */
  async next(): Promise<TarEntry | undefined> {
    let pax = noRecords;
    let longName: string | undefined;
    let longLink: string | undefined;
    for (;;) {
      await this.#finishMember();
      const block = await this.#nextHeader();
      if (!block) return undefined;
      const header = parseTarHeader(block);
      if (header.sizeBytes < 0) throw invalidArgument('cannot read tar header: negative size');
      if (header.type === 'x') pax = parsePaxRecords(await this.#extension(header));
      else if (header.type === 'L') longName = tarText(await this.#extension(header));
      else if (header.type === 'K') longLink = tarText(await this.#extension(header));
      // global headers speak of all that follows; containerd and Docker let them pass unread
      else if (header.type === 'g') this.#begin(header.sizeBytes, []);
      else {
        // the header block lies in a buffer that the next read may replace
        return await this.#member(header, block.slice(), { pax, longName, longLink });
      }
    }
  }

  /** The next piece of the current member's data; undefined after the last. */
  async read(): Promise<TarPiece | undefined> {
    if (this.#left === 0) return undefined;
    const extent = this.#extents[0];
    if (!extent) return undefined;
    const bytes = await this.#source.some(extent.length);
    if (!bytes) throw truncated();
    return this.#advance(extent, bytes);
  }

  /** As `read`, if a piece is there without waiting; undefined says nothing about the end. */
  readReady(): TarPiece | undefined {
    const extent = this.#extents[0];
    if (this.#left === 0 || !extent) return undefined;
    const bytes = this.#source.someReady(extent.length);
    return bytes && this.#advance(extent, bytes);
  }

  /** Reads what follows the end of the archive, up to the end of the input. */
  drain(): Promise<void> {
    return this.#source.drain();
  }

  /** Gives the input up. */
  close(): Promise<void> {
    return this.#source.close();
  }

  #advance(extent: TarExtent, bytes: Uint8Array): TarPiece {
    this.#left -= bytes.length;
    const rest = extent.length - bytes.length;
    if (rest === 0) this.#extents.shift();
    else this.#extents[0] = { offset: extent.offset + bytes.length, length: rest };
    return { offset: extent.offset, bytes };
  }

  async #member(
    header: TarHeader,
    block: Uint8Array,
    before: { pax: PaxRecords; longName: string | undefined; longLink: string | undefined },
  ): Promise<TarEntry> {
    const { pax, longName, longLink } = before;
    if (longName !== undefined) header.name = longName;
    if (longLink !== undefined) header.linkName = longLink;
    applyPaxRecords(header, pax);
    if (header.sizeBytes < 0) throw invalidArgument('cannot read tar header: negative size');
    const dataBytes = dataless.has(header.type) ? 0 : header.sizeBytes;
    let map: SparseMap | undefined;
    if (header.type === 'S') map = await readOldSparseMap(block, dataBytes, this.#source);
    else map = await readPaxSparseMap(pax, dataBytes, this.#source);
    const sparseName = map && paxText(pax, 'GNU.sparse.name');
    if (sparseName) header.name = sparseName;
    const extents = map ? [...map.extents] : [{ offset: 0, length: dataBytes }];
    this.#begin(dataBytes, extents, map?.mapBytes ?? 0);
    const type = normalType(header);
    const fileSizeBytes = map?.realSizeBytes ?? dataBytes;
    return { ...header, type, pax, fileSizeBytes, sparse: map !== undefined };
  }

  /** The data of a member starts here; `taken` bytes of it have been read already. */
  #begin(dataBytes: number, extents: TarExtent[], taken = 0): void {
    this.#left = dataBytes - taken;
    this.#padding = (blockBytes - (dataBytes % blockBytes)) % blockBytes;
    this.#extents = extents;
  }

  async #finishMember(): Promise<void> {
    if (this.#left > 0) await this.#source.skip(this.#left);
    this.#left = 0;
    this.#extents = [];
    if (this.#padding > 0) await this.#source.skip(this.#padding);
    this.#padding = 0;
  }

  /** One block of NULs and whatever follows it end the archive, as does the end of the input where a header could be. */
  async #nextHeader(): Promise<Uint8Array | undefined> {
    if (this.#ended) return undefined;
    const block = await this.#source.take(blockBytes);
    if (block && !isZeroBlock(block)) return block;
    this.#ended = true;
    return undefined;
  }

  async #extension(header: TarHeader): Promise<Uint8Array> {
    if (header.sizeBytes > maxExtensionBytes) throw invalidArgument('cannot read tar header: extended header too long');
    const bytes = header.sizeBytes === 0 ? new Uint8Array() : await this.#source.take(header.sizeBytes);
    if (!bytes) throw truncated();
    this.#begin(header.sizeBytes, [], header.sizeBytes);
    return bytes.slice();
  }
}

/** `0` for all kinds of plain files; a plain file of an old archive whose name ends with a slash is a directory. */
function normalType({ type, name }: TarHeader): string {
  if (type === '7' || type === 'S' || type === '0') return type !== 'S' && name.endsWith('/') ? '5' : '0';
  return type;
}
