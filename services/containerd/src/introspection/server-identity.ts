/** Who this daemon is: a UUID that stays with its root directory, and where it runs. */
import { randomUUID } from 'node:crypto';
import { readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface ServerIdentity {
  readonly uuid: string;
  readonly pid: number;
  /** Inode of the pid namespace: clients compare it with their own before they trust a pid. */
  readonly pidNamespace: bigint;
}

/** `<root>/uuid`, made at the first start. */
export function readServerIdentity(root: string): ServerIdentity {
  return {
    uuid: readUuid(join(root, 'uuid')),
    pid: process.pid,
    pidNamespace: statSync('/proc/self/ns/pid', { bigint: true }).ino,
  };
}

function readUuid(path: string): string {
  try {
    const uuid = readFileSync(path, 'utf8');
    if (/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(uuid)) return uuid;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const uuid = randomUUID();
  writeFileSync(`${path}.tmp`, uuid);
  renameSync(`${path}.tmp`, path);
  return uuid;
}
