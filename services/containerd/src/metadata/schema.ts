/**
 * What lies in the database, drawn once:
 *
 *     <root>/io.containerd.metadata.v1.level/        one `level` database, opened by one daemon at a time
 *
 *     schema                                         { version }
 *     namespaces/-/<namespace>                       labels
 *     images/<namespace>/<name>                      target descriptor, labels, times
 *     containers/<namespace>/<id>                    spec, runtime, snapshot key, labels, extensions, times
 *     content/<namespace>/<digest>                   size, labels, times (the bytes are in the content store)
 *     ingests/<namespace>/<ref>                      key of the ingest below, expected digest, expiry
 *     leases/<namespace>/<id>                        labels, time
 *     lease-resources/<namespace> <lease>/<type> <id>   (nothing)
 *     …                                              sections that other parts of the daemon keep for themselves
 *
 * Keys are `<table>/<scope>/<id>`; table and scope hold no slash, the id may hold anything. Values are JSON.
 */

/** Raised when a daemon of the older version could not read what this one writes. */
export const schemaVersion = 1;

export const schemaKey = 'schema';

export function recordKey(table: string, scope: string, id: string): string {
  return `${table}/${scope}/${id}`;
}

/** Scope and id of a key of `table`. */
export function splitRecordKey(table: string, key: string): { scope: string; id: string } {
  const scopeStart = table.length + 1;
  const slash = key.indexOf('/', scopeStart);
  return { scope: key.slice(scopeStart, slash), id: key.slice(slash + 1) };
}

/** The half-open range of all keys that begin with `<prefix>/`. */
export function keyRange(prefix: string): { gte: string; lt: string } {
  // '0' follows '/' in ASCII
  return { gte: `${prefix}/`, lt: `${prefix}0` };
}
