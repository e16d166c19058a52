/**
 * Content: immutable bytes, addressed by their digest.
 *
 * Words: a *blob* is committed content. An *ingest* is content on its way in, known by a *ref* that the client chooses (one per thing to
 * fetch, so that a fetch that broke off can go on). A *writer* has an ingest open; there is one at a time.
 *
 * Life cycle of an ingest: opened (new or where it stood) → written in order → committed, when its bytes are verified against the expected
 * digest and size, made durable and become a blob; or aborted. Closing a writer without committing keeps the ingest, also over restarts.
 * A failed commit keeps it too, but for one whose content is there already.
 *
 * Blobs are seen by namespace: the same bytes may be known in several, and are on disk once.
 */
import type { Labels } from '../metadata/labels.ts';
import type { Awaitable, RequestScope } from '../metadata/scope.ts';

export interface BlobInfo {
  readonly digest: string;
  readonly sizeBytes: number;
  readonly labels: Labels;
  readonly createdNs: bigint;
  readonly updatedNs: bigint;
}

export interface IngestStatus {
  readonly ref: string;
  /** How much has been written. */
  readonly offsetBytes: number;
  /** The size that the client announced, 0 if it has not. */
  readonly totalBytes: number;
  readonly expected: string;
  readonly startedNs: bigint;
  readonly updatedNs: bigint;
}

export interface WriterOptions {
  readonly ref: string;
  /** 0 if not known. */
  readonly totalBytes: number;
  /** '' if not known. A blob that is there already makes opening fail with already_exists. */
  readonly expected: string;
}

export interface CommitOptions {
  /** 0 leaves it unchecked. */
  readonly sizeBytes: number;
  /** '' leaves it unchecked. */
  readonly expected: string;
  readonly labels: Labels;
}

/** Calls must not overlap. Disposing closes it; a writer that has been committed, or failed to, is closed. */
export interface ContentWriter extends AsyncDisposable {
  status(): Awaitable<IngestStatus>;
  /** The digest of what has been written so far. */
  digest(): Awaitable<string>;
  /** Appends. @throws resource_exhausted if the disk is full; what was written before stays. */
  write(data: Uint8Array): Promise<void>;
  /** Goes back to the beginning. */
  truncate(): Promise<void>;
  /**
   * @throws failed_precondition if size or digest are not the expected ones, already_exists if the namespace has the blob,
   * invalid_argument for bad labels.
   */
  commit(options: CommitOptions): Promise<void>;
}

/** Random access to a blob. Disposing closes it. */
export interface ContentReader extends AsyncDisposable {
  readonly sizeBytes: number;
  /** The bytes from `offset` on, fewer than `length` at the end. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

export interface ContentStore {
  /** @throws not_found. */
  info(scope: RequestScope, digest: string): Awaitable<BlobInfo>;
  /** Sets the labels that the paths name (`labels`, `labels.<key>`), or all. @throws not_found, invalid_argument. */
  update(scope: RequestScope, digest: string, labels: Labels, fieldPaths: readonly string[]): Promise<BlobInfo>;
  /** Those that match any filter (`digest`, `size`, `labels.…`), by digest. */
  list(scope: RequestScope, filters: readonly string[]): Awaitable<BlobInfo[]>;
  /** Takes the blob out of the namespace. @throws not_found. */
  delete(scope: RequestScope, digest: string): Promise<void>;
  /** @throws not_found. */
  reader(scope: RequestScope, digest: string): Promise<ContentReader>;
  /**
   * Opens an ingest.
   * @throws unavailable if it is open, already_exists if the expected blob is there, invalid_argument without a ref.
   */
  writer(scope: RequestScope, options: WriterOptions): Promise<ContentWriter>;
  /** @throws not_found. */
  status(scope: RequestScope, ref: string): Promise<IngestStatus>;
  /** Those that match any filter (`ref`), by ref. */
  listStatuses(scope: RequestScope, filters: readonly string[]): Promise<IngestStatus[]>;
  /** Drops an ingest. @throws not_found. */
  abort(scope: RequestScope, ref: string): Promise<void>;
}
