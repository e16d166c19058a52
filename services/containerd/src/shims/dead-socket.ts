/** The socket that a shim leaves behind when it is killed: nobody else removes it. */
import { rmSync } from 'node:fs';
import { UnixSocket } from '@docker-ts/linux/unix-socket';
import { parseStartAnswer, unixPath } from './bootstrap.ts';
import type { Bundle } from './bundle.ts';

/** The path of the shim's socket as the bundle remembers it; undefined if it does not (any more). */
export function socketOf(bundle: Bundle): string | undefined {
  const text = bundle.read('bootstrap.json') ?? bundle.read('address');
  if (text === undefined) return undefined;
  try {
    return unixPath(parseStartAnswer(new TextEncoder().encode(text)).address);
  } catch {
    // what cannot be read leads to no socket
    return undefined;
  }
}

/** Removes a socket that nobody listens on; one with a living shim behind it (of the same pod, for one) stays. */
export async function removeDeadSocket(path: string): Promise<void> {
  try {
    (await UnixSocket.connect(path)).destroy();
  } catch (error) {
    const { code } = (error as { cause?: NodeJS.ErrnoException }).cause ?? {};
    if (code === 'ECONNREFUSED') rmSync(path, { force: true });
  }
}
