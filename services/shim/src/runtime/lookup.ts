/** Where the OCI runtime's binary is: what the options name, else `runc-ts` beside our own executable, else in PATH. */
import { accessSync, constants } from 'node:fs';
import { dirname, join } from 'node:path';
import { notFound } from '@docker-ts/base/errors';

const defaultName = 'runc-ts';

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The path of the runtime. `binaryName` is a path or a name in PATH; "" means the default. */
export function findRuntime(binaryName: string): string {
  const name = binaryName === '' ? defaultName : binaryName;
  if (name.includes('/')) return name;
  if (binaryName === '') {
    const beside = join(dirname(process.execPath), name);
    if (isExecutable(beside)) return beside;
  }
  for (const folder of (process.env['PATH'] ?? '').split(':')) {
    const candidate = join(folder === '' ? '.' : folder, name);
    if (isExecutable(candidate)) return candidate;
  }
  throw notFound(`exec: "${name}": executable file not found in $PATH`);
}
