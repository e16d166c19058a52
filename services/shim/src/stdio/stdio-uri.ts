/**
 * The stdio addresses of Create and Exec: nothing, the path of a FIFO, or a URI on stdout (containerd's runtime v2 README,
 * "Container level shim logging"). `json-file:` is an extension that the shim announces in its RuntimeInfo.
 *
 *     binary:///bin/logger?name=value     binary-v2:///bin/logger     file:///var/log/out
 *     json-file:///ABS/ID-json.log?max-size=BYTES&max-file=N&live-stdout=/FIFO&live-stderr=/FIFO&attrs=JSON
 */
import { invalidArgument } from '@docker-ts/base/errors';

/** The addresses as the client gave them; "" is none. */
export interface Stdio {
  readonly stdin: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly terminal: boolean;
}

export interface JsonFileUri {
  readonly kind: 'json-file';
  readonly path: string;
  readonly maxSizeBytes: number | undefined;
  readonly maxFiles: number | undefined;
  readonly liveStdout: string | undefined;
  readonly liveStderr: string | undefined;
  readonly attrs: Readonly<Record<string, string>>;
}

export interface BinaryUri {
  readonly kind: 'binary';
  readonly path: string;
  /** From the query, in its order: `name value name value`. */
  readonly args: readonly string[];
  /** binary-v2: the logger has to send a byte to be taken for ready. */
  readonly strictReady: boolean;
}

export type OutputAddress =
  | { readonly kind: 'null' }
  | { readonly kind: 'fifo' }
  | { readonly kind: 'file'; readonly path: string }
  | BinaryUri
  | JsonFileUri;

/** The annotation in RuntimeInfo that says that `json-file:` is understood. */
export const stdioAnnotation = { key: 'io.docker-ts.stdio', value: 'json-file' } as const;

/** What a process's output addresses mean. */
export function parseOutput(stdio: Stdio): OutputAddress {
  const { stdin, stdout, stderr } = stdio;
  if (stdin === '' && stdout === '' && stderr === '') return { kind: 'null' };
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(stdout)?.[1];
  if (scheme === undefined || scheme === 'fifo') return { kind: 'fifo' };
  const uri = parseUri(stdout);
  switch (scheme) {
    case 'file':
      return { kind: 'file', path: uri.path };
    case 'binary':
    case 'binary-v2':
      return { kind: 'binary', path: uri.path, args: [...uri.query].flat(), strictReady: scheme === 'binary-v2' };
    case 'json-file':
      return parseJsonFile(uri);
    default:
      throw invalidArgument(`unknown STDIO scheme ${scheme}`);
  }
}

function parseUri(text: string): { path: string; query: URLSearchParams } {
  let url: URL;
  try {
    url = new URL(text);
  } catch (error) {
    throw invalidArgument(`unable to parse stdout uri: ${text}`, error);
  }
  const path = decodeURIComponent(url.pathname);
  if (!path.startsWith('/') || url.host !== '')
    throw invalidArgument(`cannot use stdout uri "${text}": its path is not absolute`);
  return { path, query: url.searchParams };
}

function parseJsonFile({ path, query }: { path: string; query: URLSearchParams }): JsonFileUri {
  return {
    kind: 'json-file',
    path,
    maxSizeBytes: positiveInteger(query, 'max-size'),
    maxFiles: positiveInteger(query, 'max-file'),
    liveStdout: query.get('live-stdout') ?? undefined,
    liveStderr: query.get('live-stderr') ?? undefined,
    attrs: parseAttrs(query.get('attrs')),
  };
}

function positiveInteger(query: URLSearchParams, key: string): number | undefined {
  const text = query.get(key);
  if (text === null) return undefined;
  if (!/^[1-9][0-9]{0,15}$/.test(text)) throw invalidArgument(`cannot use ${key} "${text}": not a positive integer`);
  return Number(text);
}

function parseAttrs(text: string | null): Record<string, string> {
  if (text === null || text === '') return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw invalidArgument('cannot use attrs: not JSON', error);
  }
  if (typeof value !== 'object' || value === null || Object.values(value).some((entry) => typeof entry !== 'string'))
    throw invalidArgument('cannot use attrs: not an object of strings');
  return value as Record<string, string>;
}
