/** What the metadata keeps of content; the bytes are in the blob store. */
import type { Labels } from '../metadata/labels.ts';
import type { RowCodec } from '../metadata/table.ts';

/** A blob in a namespace. Several namespaces may name the same bytes. */
export interface BlobRow {
  readonly sizeBytes: number;
  readonly labels: Labels;
  readonly createdNs: bigint;
  readonly updatedNs: bigint;
}

/** An ingest in a namespace. */
export interface IngestRow {
  /** The ref in the blob store, where all namespaces share one space of refs. */
  readonly backendRef: string;
  /** Set if the bytes are in the blob store already: the ingest only has to be committed. */
  readonly expected?: string;
  /** When it may be collected; without it a lease holds the ingest. */
  readonly expiresMs?: number;
}

export const ingestCodec: RowCodec<IngestRow> = {
  toJson: (row) => row,
  fromJson: (json) => json as IngestRow,
};
