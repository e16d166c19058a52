/** How rows become JSON: nanoseconds as decimal strings, bytes as base64. */
import type { RowCodec } from './table.ts';

/** Rows whose only 64-bit numbers are the two times that most records have. */
export function timedCodec<Row extends { readonly createdNs: bigint; readonly updatedNs: bigint }>(): RowCodec<Row> {
  return {
    toJson: (row) => ({ ...row, createdNs: String(row.createdNs), updatedNs: String(row.updatedNs) }),
    fromJson: (json) => {
      const stored = json as Omit<Row, 'createdNs' | 'updatedNs'> & { createdNs: string; updatedNs: string };
      return { ...stored, createdNs: BigInt(stored.createdNs), updatedNs: BigInt(stored.updatedNs) } as unknown as Row;
    },
  };
}

/** Rows that are JSON as they are. */
export function plainCodec<Row>(): RowCodec<Row> {
  return { toJson: (row) => row, fromJson: (json) => json as Row };
}
