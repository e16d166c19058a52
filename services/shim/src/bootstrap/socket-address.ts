/**
 * The shim's socket: `<directory>/<sha256 of "GRPC_ADDRESS/NAMESPACE/ID">`, where ID is that of the group if the container belongs
 * to one. The same name for the same group is how a second `start` finds the first one's shim.
 */
import { chmodSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { invalidArgument } from '@docker-ts/base/errors';

const defaultDirectory = '/run/containerd/s';
/** sun_path has 108 bytes; one for the NUL, and one less as Go's shim counts. */
const maxPathBytes = 106;

/** In order of weight. */
const groupAnnotations = ['io.containerd.runc.v2.group', 'io.kubernetes.cri.sandbox-id'];

/** The id that containers sharing a shim have in common: an annotation of config.json, else the container's own id. */
export function groupOf(bundle: string, id: string): string {
  const config = JSON.parse(readFileSync(join(bundle, 'config.json'), 'utf8')) as {
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
  const name = new Bun.CryptoHasher('sha256').update(join(grpcAddress, namespace, group)).digest('hex');
  const path = join(directory ?? defaultDirectory, name);
  if (Buffer.byteLength(path) > maxPathBytes)
    throw invalidArgument(`cannot listen on "${path}": longer than ${maxPathBytes} bytes`);
  return path;
}

/** Makes the socket's folder, for root alone. */
export function prepareSocketDirectory(directory: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  chmodSync(directory, 0o700);
}
