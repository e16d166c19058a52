/**
 * The shim's socket: `<directory>/<sha256 of "GRPC_ADDRESS/NAMESPACE/ID">`, where ID is that of the group if the container belongs
 * to one. The same name for the same group is how a second `start` finds the first one's shim.
 */
import { invalidArgument, isCode } from '@docker-ts/base/errors';
import { changeMode, makeDirectory, readWholeFile } from '@docker-ts/linux/start-up-file';

const defaultDirectory = '/run/containerd/s';
/** sun_path has 108 bytes; one for the NUL, and one less as Go's shim counts. */
const maxPathBytes = 106;

/** In order of weight. */
const groupAnnotations = ['io.containerd.runc.v2.group', 'io.kubernetes.cri.sandbox-id'];

/** The id that containers sharing a shim have in common: an annotation of config.json, else the container's own id. */
export function groupOf(bundle: string, id: string): string {
  const config = JSON.parse(Buffer.from(readWholeFile(`${bundle}/config.json`)).toString('utf8')) as {
    annotations?: Record<string, string> | null;
  } | null;
  for (const name of groupAnnotations) {
    const group = config?.annotations?.[name];
    if (typeof group === 'string' && group !== '') return group;
  }
  return id;
}

export interface SocketName {
  readonly directory: string | undefined;
  readonly grpcAddress: string;
  readonly namespace: string;
  readonly group: string;
}

/** The socket's path. */
export function socketPath({ directory, grpcAddress, namespace, group }: SocketName): string {
  // Bun's own hasher: loading node:crypto would cost 3.5 ms of every `docker run`.
  const name = new Bun.CryptoHasher('sha256').update(joinClean(grpcAddress, namespace, group)).digest('hex');
  const path = joinClean(directory ?? defaultDirectory, name);
  if (Buffer.byteLength(path) > maxPathBytes)
    throw invalidArgument(`cannot listen on "${path}": longer than ${maxPathBytes} bytes`);
  return path;
}

/** Go's filepath.Join, which makes the name, without node:path's time to load: no empty, `.` or `..` elements. */
function joinClean(...parts: readonly string[]): string {
  const path = parts.filter((part) => part !== '').join('/');
  const rooted = path.startsWith('/');
  const kept: string[] = [];
  for (const element of path.split('/')) {
    if (element === '' || element === '.') continue;
    if (element !== '..' || (!rooted && (kept.length === 0 || kept.at(-1) === '..'))) kept.push(element);
    else kept.pop();
  }
  return (rooted ? '/' : '') + kept.join('/');
}

/** Makes the socket's folder, with those above it, for root alone. */
export function prepareSocketDirectory(directory: string): void {
  const elements = directory.split('/');
  for (let depth = elements.length; depth > 1; depth -= 1) {
    try {
      makeDirectory(elements.slice(0, depth).join('/'), 0o700);
    } catch (error) {
      // ENOENT: the one above comes first.
      if (isCode(error, 'not_found')) continue;
      if (!isCode(error, 'already_exists')) throw error;
    }
    // Made or found: the rest follows downwards.
    for (let below = depth + 1; below <= elements.length; below += 1)
      makeDirectory(elements.slice(0, below).join('/'), 0o700);
    break;
  }
  changeMode(directory, 0o700);
}
