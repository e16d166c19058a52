/** Appends to an ingest and keeps its digest, so that nothing has to be read again to verify it. One writer per ingest at a time. */
import { failedPrecondition, internal, messageOf, resourceExhausted } from '@docker-ts/base/errors';
import { splitDigest } from '@docker-ts/oci/digest';
import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { nowNs } from '../metadata/scope.ts';
import type { IngestStatus } from './content.ts';
import type { IngestDirectory } from './ingest-directory.ts';

const resumeChunkBytes = 1 << 20;

export interface IngestWriterOptions {
  readonly directory: IngestDirectory;
  readonly status: IngestStatus;
  /** Digest algorithm, `sha256` unless the client expects another. */
  readonly algorithm: string;
  /** Called once, when the writer is closed. */
  readonly onClose: () => void;
}

export class IngestWriter implements AsyncDisposable {
  readonly directory: IngestDirectory;
  readonly #startedNs: bigint;
  readonly #totalBytes: number;
  readonly #onClose: () => void;
  #algorithm: string;
  #hash: Hash;
  #file: FileHandle | undefined;
  #offset = 0;
  #updatedNs: bigint;

  private constructor(options: IngestWriterOptions, file: FileHandle) {
    this.directory = options.directory;
    this.#startedNs = options.status.startedNs;
    this.#updatedNs = options.status.updatedNs;
    this.#totalBytes = options.status.totalBytes;
    this.#algorithm = options.algorithm;
    this.#hash = createHash(options.algorithm);
    this.#file = file;
    this.#onClose = options.onClose;
  }

  /** Opens the ingest where it stands: what is there already is hashed again. */
  static async open(options: IngestWriterOptions): Promise<IngestWriter> {
    const file = await open(options.directory.dataPath, 'r+');
    const writer = new IngestWriter(options, file);
    try {
      if (options.status.offsetBytes > 0) {
        await hashFile(file, writer.#hash);
        writer.#offset = options.status.offsetBytes;
      }
      return writer;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  status(): IngestStatus {
    return {
      ref: this.directory.ref,
      offsetBytes: this.#offset,
      totalBytes: this.#totalBytes,
      expected: '',
      startedNs: this.#startedNs,
      updatedNs: this.#updatedNs,
    };
  }

  digest(): string {
    return `${this.#algorithm}:${this.#hash.copy().digest('hex')}`;
  }

  async write(data: Uint8Array): Promise<void> {
    const file = this.#require();
    let written = 0;
    try {
      while (written < data.length) {
        const { bytesWritten } = await file.write(data, written, data.length - written, this.#offset);
        this.#hash.update(data.subarray(written, written + bytesWritten));
        written += bytesWritten;
        this.#offset += bytesWritten;
      }
    } catch (error) {
      throw writeFailure(this.directory.ref, error);
    }
    this.#updatedNs = nowNs();
  }

  async truncate(): Promise<void> {
    await this.#require().truncate(0);
    this.#hash = createHash(this.#algorithm);
    this.#offset = 0;
    this.#updatedNs = nowNs();
  }

  /**
   * Brings the bytes to the disk and checks them. Answers the digest.
   * @throws failed_precondition if they are not what is expected.
   */
  async seal(sizeBytes: number, expected: string): Promise<string> {
    const file = this.#require();
    try {
      await file.sync();
    } catch (error) {
      throw writeFailure(this.directory.ref, error);
    }
    if (sizeBytes > 0 && sizeBytes !== this.#offset) {
      throw failedPrecondition(`unexpected commit size ${this.#offset}, expected ${sizeBytes}: failed precondition`);
    }
    const { algorithm } = splitDigest(expected);
    if (expected !== '' && algorithm !== this.#algorithm) {
      this.#algorithm = algorithm;
      this.#hash = createHash(algorithm);
      await hashFile(file, this.#hash);
    }
    const digest = this.digest();
    if (expected !== '' && digest !== expected) {
      throw failedPrecondition(`unexpected commit digest ${digest}, expected ${expected}: failed precondition`);
    }
    return digest;
  }

  /** Closes it; the ingest stays as it is. Idempotent. */
  async close(): Promise<void> {
    const file = this.#file;
    if (!file) return;
    this.#file = undefined;
    try {
      await file.close();
      this.directory.touch(this.#updatedNs);
    } catch {
      // the ingest has become a blob or was aborted meanwhile
    } finally {
      this.#onClose();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #require(): FileHandle {
    if (this.#file) return this.#file;
    throw failedPrecondition('cannot commit on closed writer: failed precondition');
  }
}

async function hashFile(file: FileHandle, hash: Hash): Promise<void> {
  const buffer = Buffer.allocUnsafe(resumeChunkBytes);
  for (let position = 0; ;) {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
    if (bytesRead === 0) return;
    hash.update(buffer.subarray(0, bytesRead));
    position += bytesRead;
  }
}

function writeFailure(ref: string, error: unknown): Error {
  const { code } = error as NodeJS.ErrnoException;
  const subject = `cannot write ingest ${JSON.stringify(ref)}`;
  if (code === 'ENOSPC' || code === 'EDQUOT') return resourceExhausted(`${subject}: no space left on device`, error);
  return internal(`${subject}: ${messageOf(error)}`, error);
}
