/**
 * The address by which a shim is asked to write a container's log itself, in Docker's json-file format, and to copy the output to
 * FIFOs for whoever watches: an extension that a shim offers by the annotation `io.docker-ts.stdio` of its `-info`.
 *
 *     json-file:///DIR/ID-json.log?max-size=BYTES&max-file=N&live-stdout=/FIFO&live-stderr=/FIFO&attrs=JSON
 */
export interface JsonFileAddress {
  readonly path: string;
  /** 0: the file grows without limit. */
  readonly maxSizeBytes: number;
  readonly maxFiles: number;
  readonly liveStdout: string;
  /** Absent with a terminal: there is one stream. */
  readonly liveStderr?: string;
  /** Written to every line (`--log-opt labels=…`). */
  readonly attrs: Readonly<Record<string, string>>;
}

/** Value of the annotation. */
export const jsonFileStdio = 'json-file';
export const stdioAnnotation = 'io.docker-ts.stdio';

export function formatJsonFileAddress(address: JsonFileAddress): string {
  const query = new URLSearchParams();
  if (address.maxSizeBytes > 0) query.set('max-size', String(address.maxSizeBytes));
  if (address.maxFiles > 1) query.set('max-file', String(address.maxFiles));
  query.set('live-stdout', address.liveStdout);
  if (address.liveStderr !== undefined) query.set('live-stderr', address.liveStderr);
  if (Object.keys(address.attrs).length > 0) query.set('attrs', JSON.stringify(address.attrs));
  return `json-file://${encodeURI(address.path)}?${query.toString()}`;
}
