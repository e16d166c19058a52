/**
 * The files of an image archive while it streams in: large ones go straight into the content store, small ones wait in memory
 * until it is known what they are. Names are keys only; nothing is ever written under them.
 */
import { invalidArgument } from '@docker-ts/base/errors';
import { digestOf } from '@docker-ts/oci/digester';
import { type TarEntry, TarReader } from '@docker-ts/oci/tar-reader';
import { posix } from 'node:path';
import type { ContentBlobs, WrittenBlob } from './content-blobs.ts';
import type { Lease } from './lease.ts';

const memoryFileBytes = 256 * 1024;
const memoryTotalBytes = 64 * 1024 * 1024;
const linkDepthMax = 8;
/** More entries than any image has; an archive of empty files must not fill the memory. */
const entriesMax = 100_000;

type StoredFile = { readonly bytes: Uint8Array } | { readonly blob: WrittenBlob } | { readonly target: string };

/** Type flags of ustar. */
const plainFile = '0';
const hardLink = '1';
const symbolicLink = '2';

/** The data of the reader's current member. */
async function* contentOf(reader: TarReader): AsyncGenerator<Uint8Array> {
  // The reader may use its buffer again.
  for (let piece = await reader.read(); piece !== undefined; piece = await reader.read()) yield piece.bytes.slice();
}

const cleanName = (name: string): string => posix.normalize(`/${name}`).slice(1);

/** The digest that a file's place in an OCI layout promises: `blobs/sha256/<hex>`. */
function promisedDigest(name: string): string | undefined {
  const hex = /^blobs\/sha256\/([0-9a-f]{64})$/.exec(name)?.[1];
  return hex === undefined ? undefined : `sha256:${hex}`;
}

export class ArchiveFiles {
  readonly #files = new Map<string, StoredFile>();
  readonly #blobs: ContentBlobs;
  readonly #lease: Lease;
  readonly #signal: AbortSignal;
  #memoryBytes = 0;

  private constructor(blobs: ContentBlobs, lease: Lease, signal: AbortSignal) {
    this.#blobs = blobs;
    this.#lease = lease;
    this.#signal = signal;
  }

  /** Reads a whole (plain) archive. What it stored is held by the lease alone. */
  static async read(
    chunks: AsyncIterable<Uint8Array>,
    blobs: ContentBlobs,
    lease: Lease,
    signal: AbortSignal,
  ): Promise<ArchiveFiles> {
    const files = new ArchiveFiles(blobs, lease, signal);
    const reader = new TarReader(chunks);
    try {
      for (let entry = await reader.next(); entry !== undefined; entry = await reader.next())
        await files.#add(entry, reader);
      await reader.drain();
    } finally {
      await reader.close();
    }
    return files;
  }

  async #add(entry: TarEntry, reader: TarReader): Promise<void> {
    const name = cleanName(entry.name);
    if (this.#files.size >= entriesMax) throw invalidArgument(`invalid archive: more than ${entriesMax} files`);
    if (entry.type === symbolicLink || entry.type === hardLink) {
      // Old `docker save` links layers that occur twice: `../<id>/layer.tar`.
      const from = entry.type === hardLink ? '' : posix.dirname(name);
      this.#files.set(name, { target: cleanName(posix.join(from, entry.linkName)) });
    } else if (entry.type === plainFile) {
      if (entry.sparse) throw invalidArgument(`invalid archive: ${name} is a sparse file`);
      this.#files.set(name, await this.#store(name, entry.sizeBytes, contentOf(reader)));
    }
  }

  async #store(name: string, sizeBytes: number, content: AsyncIterable<Uint8Array>): Promise<StoredFile> {
    const expected = promisedDigest(name);
    if (sizeBytes <= memoryFileBytes && this.#memoryBytes + sizeBytes <= memoryTotalBytes) {
      const parts: Uint8Array[] = [];
      for await (const chunk of content) parts.push(chunk);
      const bytes = Buffer.concat(parts);
      this.#memoryBytes += bytes.length;
      if (expected !== undefined && digestOf(bytes) !== expected)
        throw invalidArgument(`invalid archive: ${name} has digest ${digestOf(bytes)}`);
      return { bytes };
    }
    const options = { lease: this.#lease.id, signal: this.#signal };
    return {
      blob: await this.#blobs.write(content, expected === undefined ? options : { ...options, expected }),
    };
  }

  #get(name: string): Exclude<StoredFile, { target: string }> | undefined {
    let file = this.#files.get(cleanName(name));
    for (let depth = 0; file !== undefined && 'target' in file; depth++) {
      if (depth === linkDepthMax) throw invalidArgument(`invalid archive: ${name} is a circle of links`);
      file = this.#files.get(file.target);
    }
    return file;
  }

  has(name: string): boolean {
    return this.#get(name) !== undefined;
  }

  /** A file's content in memory; invalid_argument if the archive does not have it. */
  async document(name: string): Promise<Uint8Array> {
    const file = this.#get(name);
    if (file === undefined) throw missing(name);
    return 'bytes' in file ? file.bytes : this.#blobs.readDocument(file.blob.digest);
  }

  /** A file as a blob of the content store. */
  async blob(name: string): Promise<WrittenBlob> {
    const file = this.#get(name);
    if (file === undefined) throw missing(name);
    return 'blob' in file ? file.blob : this.#blobs.writeDocument(file.bytes, { lease: this.#lease.id });
  }
}

const missing = (name: string): Error => invalidArgument(`open ${cleanName(name)}: no such file or directory`);
