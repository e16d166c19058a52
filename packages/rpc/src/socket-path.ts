/** Making a unix socket's path free to listen on, without ever taking it from a living server. */
import { alreadyExists, invalidArgument } from '@docker-ts/base/errors';
import { pathExists } from '@docker-ts/linux/start-up-file';

/** sun_path of sockaddr_un(7), less the NUL. */
const maxPathBytes = 107;

/** Removes a socket that nobody listens on any more. Somebody listening, or a file that is no socket, is already_exists. */
export async function claimSocketPath(path: string): Promise<void> {
  if (Buffer.byteLength(path) > maxPathBytes)
    throw invalidArgument(`cannot listen on "${path}": longer than ${maxPathBytes} bytes`);
  if (!pathExists(path)) return;
  // Loaded only where something is in the way: a program's start-up waits for this.
  const { lstat, rm } = await import('node:fs/promises');
  const found = await lstat(path).catch(() => undefined);
  if (!found) return;
  if (!found.isSocket()) throw alreadyExists(`cannot listen on "${path}": a file that is not a socket is in its place`);
  if (await isListening(path)) throw alreadyExists(`cannot listen on "${path}": another server listens there`);
  await rm(path, { force: true });
}

/** Bun.connect rather than node:net, which costs 4 ms of start-up in programs that need nothing else of it. */
async function isListening(path: string): Promise<boolean> {
  try {
    const socket = await Bun.connect({ unix: path, socket: { data: () => {} } });
    socket.terminate();
    return true;
  } catch (error) {
    // Anything but a refusal (no rights, a full backlog) means that there may be a server.
    const { code } = error as NodeJS.ErrnoException;
    return code !== 'ECONNREFUSED' && code !== 'ENOENT';
  }
}
