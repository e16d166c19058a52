/** `--pid-file`: appears with its content in it, never half-written. */
import { renameSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

export function writePidFile(path: string | undefined, pid: number): void {
  if (path === undefined || path === '') return;
  const staged = join(dirname(path), `.${basename(path)}`);
  writeFileSync(staged, String(pid), { mode: 0o666 });
  renameSync(staged, path);
}
