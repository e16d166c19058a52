/**
 * Blobs and ingests on disk, without namespaces (containerd plugins/content/local):
 *
 *     <root>/io.containerd.content.v1.content/
 *       blobs/<algorithm>/<hex>        verified, fsynced, 0444; appears by rename
 *       ingest/<sha256 of the ref>/    see ingest-directory.ts
 */
import {
  internal,
  invalidArgument,
  isCode,
  messageOf,
  notFound,
  resourceExhausted,
  unavailable,
} from '@docker-ts/base/errors';
import { digestFault, splitDigest } from '@docker-ts/oci/digest';
import { mkdirSync, readdirSync, readFileSync, statSync, unlinkSync } from 'node:fs';
import { chmod, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { formatTimeNs } from '../metadata/time-text.ts';
import { nowNs } from '../metadata/scope.ts';
import type { ContentReader, IngestStatus, WriterOptions } from './content.ts';
import { FileReader } from './file-reader.ts';
import { IngestDirectory } from './ingest-directory.ts';
import { IngestWriter } from './ingest-writer.ts';

const algorithms = ['sha256', 'sha384', 'sha512'];

/** Entries that a sweep looks at before it lets others have a turn. */
const sweepSlice = 256;

export interface SweepRules {
  /** Asked right before the file would go. */
  keepsBlob(digest: string): boolean;
  keepsIngest(ref: string): boolean;
}

export class BlobStore {
  readonly #blobRoot: string;
  readonly #ingestRoot: string;
  /** Refs that have a writer, with the time since when. */
  readonly #open = new Map<string, bigint>();
  /** Digests of blobs that are in place but not in the metadata yet: a sweep must not take them. */
  readonly #publishing = new Map<string, number>();

  constructor(root: string) {
    this.#blobRoot = join(root, 'blobs');
    this.#ingestRoot = join(root, 'ingest');
    for (const algorithm of algorithms) mkdirSync(join(this.#blobRoot, algorithm), { recursive: true, mode: 0o755 });
    mkdirSync(this.#ingestRoot, { recursive: true, mode: 0o755 });
  }

  /** The size of a blob in bytes; undefined if it is not there. @throws invalid_argument for what is no digest. */
  size(digest: string): number | undefined {
    return statSync(this.#blobPath(digest), { throwIfNoEntry: false })?.size;
  }

  /** @throws not_found. */
  async reader(digest: string): Promise<ContentReader> {
    try {
      return await FileReader.open(this.#blobPath(digest));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      throw notFound(`content ${digest}: not found`, error);
    }
  }

  /** Opens an ingest, new or where it stood. @throws unavailable if it is open. */
  async writer({ ref, totalBytes, expected }: WriterOptions): Promise<IngestWriter> {
    const since = this.#open.get(ref);
    const now = nowNs();
    if (since !== undefined) {
      const heldFor = `${Number(now - since) / 1e9}s`;
      throw unavailable(`ref ${ref} locked for ${heldFor} (since ${formatTimeNs(since)}): unavailable`);
    }
    this.#open.set(ref, now);
    const onClose = (): void => {
      this.#open.delete(ref);
    };
    try {
      const directory = new IngestDirectory(this.#ingestRoot, ref);
      const status = await beginIngest(directory, totalBytes);
      const { algorithm } = splitDigest(expected);
      const known = algorithms.includes(algorithm) ? algorithm : 'sha256';
      return await IngestWriter.open({ directory, status, algorithm: known, onClose });
    } catch (error) {
      onClose();
      throw storeFailure(`cannot open ingest ${JSON.stringify(ref)}`, error);
    }
  }

  /**
   * Makes a sealed ingest a blob and closes its writer. Until the answer is disposed of, the blob is safe from sweeps: note it in the
   * metadata meanwhile. Bytes that are there already are left as they are.
   */
  async publish(writer: IngestWriter, digest: string): Promise<Disposable> {
    this.#publishing.set(digest, (this.#publishing.get(digest) ?? 0) + 1);
    const release = (): void => {
      const left = (this.#publishing.get(digest) ?? 1) - 1;
      if (left === 0) this.#publishing.delete(digest);
      else this.#publishing.set(digest, left);
    };
    try {
      const target = this.#blobPath(digest);
      if (!statSync(target, { throwIfNoEntry: false })) {
        await chmod(writer.directory.dataPath, 0o444);
        await rename(writer.directory.dataPath, target);
        await syncDirectory(dirname(target));
      }
      await writer.directory.remove();
      return { [Symbol.dispose]: release };
    } catch (error) {
      release();
      throw storeFailure(`cannot commit ingest ${JSON.stringify(writer.directory.ref)}`, error);
    } finally {
      await writer.close();
    }
  }

  /** @throws not_found. */
  status(ref: string): IngestStatus {
    return new IngestDirectory(this.#ingestRoot, ref).status();
  }

  /** Drops an ingest; one that is not there is no error. */
  async abort(ref: string): Promise<void> {
    await new IngestDirectory(this.#ingestRoot, ref).remove();
  }

  /** Removes blobs and ingests that nobody keeps. */
  async sweep(rules: SweepRules): Promise<void> {
    let looked = 0;
    for (const algorithm of algorithms) {
      const directory = join(this.#blobRoot, algorithm);
      for (const name of readdirSync(directory)) {
        const digest = `${algorithm}:${name}`;
        // no wait between asking and removing
        if (!this.#publishing.has(digest) && !rules.keepsBlob(digest)) unlinkSync(join(directory, name));
        if ((looked += 1) % sweepSlice === 0) await setImmediate();
      }
    }
    for (const name of readdirSync(this.#ingestRoot)) await this.#sweepIngest(name, rules);
  }

  async #sweepIngest(name: string, rules: SweepRules): Promise<void> {
    let ref: string;
    try {
      ref = readFileSync(join(this.#ingestRoot, name, 'ref'), 'utf8');
    } catch {
      // never begun, or vanished; one that is being begun right now has its writer noted
      ref = '';
    }
    const directory = new IngestDirectory(this.#ingestRoot, ref);
    const begun = basename(directory.path) === name;
    if (begun && (this.#open.has(ref) || rules.keepsIngest(ref))) return;
    if (
      !begun &&
      [...this.#open.keys()].some((open) => basename(new IngestDirectory(this.#ingestRoot, open).path) === name)
    )
      return;
    await (begun ? directory.remove() : rm(join(this.#ingestRoot, name), { recursive: true, force: true }));
  }

  #blobPath(digest: string): string {
    const fault = digestFault(digest);
    if (fault !== undefined) {
      throw invalidArgument(`cannot calculate blob path from invalid digest: ${fault}: invalid argument`);
    }
    const { algorithm, encoded } = splitDigest(digest);
    return join(this.#blobRoot, algorithm, encoded);
  }
}

/** The status of an ingest that is there already, or of the one that is made now. */
async function beginIngest(directory: IngestDirectory, totalBytes: number): Promise<IngestStatus> {
  let status: IngestStatus | undefined;
  try {
    status = directory.status();
  } catch (error) {
    if (!isCode(error, 'not_found')) throw error;
  }
  if (status && (totalBytes === 0 || status.totalBytes === 0 || totalBytes === status.totalBytes)) return status;
  // of another size, or broken: it cannot be resumed
  await directory.remove();
  directory.create(nowNs(), totalBytes);
  return directory.status();
}

/** A rename is durable once the directory is. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

function storeFailure(subject: string, error: unknown): Error {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (code === 'ENOSPC' || code === 'EDQUOT') return resourceExhausted(`${subject}: no space left on device`, error);
  if (code === 'ENOENT') return notFound(`${subject}: it was aborted: not found`, error);
  return /^E[A-Z]+$/.test(code) ? internal(`${subject}: ${messageOf(error)}`, error) : (error as Error);
}
