/**
 * The files of a rotated log, as Docker names them: `NAME` is being written, `NAME.1` is the one before, up to
 * `NAME.<maxFiles - 1>`, the oldest (moby daemon/logger/loggerutils/logfile.go).
 */
import { renameSync, rmSync } from 'node:fs';

/** Moves each file one number up and the oldest away; with a single file there is nothing to move. */
export function rotateFiles(path: string, maxFiles: number): void {
  if (maxFiles < 2) return;
  rmSync(`${path}.${maxFiles - 1}`, { force: true });
  for (let number = maxFiles - 1; number > 1; number -= 1) moveIfThere(`${path}.${number - 1}`, `${path}.${number}`);
  moveIfThere(path, `${path}.1`);
}

function moveIfThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
