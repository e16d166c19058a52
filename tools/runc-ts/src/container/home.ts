/** The HOME of a user whom config.json gives none: the container's /etc/passwd, as runc does; `/` if it does not say. */
import { isAbsolute, resolve } from 'node:path';
import { readFileSync } from 'node:fs';
import { readRootedFile } from '@docker-ts/linux/rooted-file';
import type { Mount } from '@docker-ts/oci/runtime-spec';
import { containerPath, isBindMount } from '../plan/mounts.ts';

const passwdLimitBytes = 1 << 20;

/** The sixth field of the user's line (passwd(5)). */
export function homeFromPasswd(text: string, uid: number): string {
  for (const line of text.split('\n')) {
    const [, , id, , , home] = line.split(':');
    if (id !== undefined && /^\d+$/.test(id) && Number(id) === uid && home !== undefined && home !== '') return home;
  }
  return '/';
}

/** Reads below `root`; a file that is bound over /etc/passwd counts, as the container will see that. */
export function findHome(root: string, bundle: string, mounts: readonly Mount[], uid: number): string {
  const bound = mounts.findLast((mount) => isBindMount(mount) && containerPath(mount.destination) === '/etc/passwd');
  try {
    const source = bound?.source;
    const text =
      source === undefined
        ? readRootedFile(root, '/etc/passwd', passwdLimitBytes)
        : readFileSync(isAbsolute(source) ? source : resolve(bundle, source), 'utf8');
    return homeFromPasswd(text, uid);
  } catch {
    return '/';
  }
}

/** Each name once, the last value winning, HOME added. */
export function processEnv(env: readonly string[], home: () => string): string[] {
  const byName = new Map<string, string>();
  for (const entry of env) {
    const name = entry.slice(0, entry.indexOf('='));
    // a later value takes the place of the first, as setenv(3) would
    byName.set(name, entry);
  }
  if ((byName.get('HOME') ?? 'HOME=') === 'HOME=') byName.set('HOME', `HOME=${home()}`);
  return [...byName.values()];
}
