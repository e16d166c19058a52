/** The daemon's pid file: refuses to start beside a living daemon, replaces a dead one's. */
import { alreadyExists } from '@docker-ts/base/errors';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

export class PidFile implements Disposable {
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  /** already_exists if the process named in it lives. */
  static claim(path: string): PidFile {
    const other = readPid(path);
    if (other !== undefined && other !== process.pid && isDaemon(other))
      throw alreadyExists(
        `cannot use pid file "${path}": process with PID ${other} is still running; make sure it is no other daemon or remove the file`,
      );
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(`${path}.new`, `${process.pid}`);
    renameSync(`${path}.new`, path);
    return new PidFile(path);
  }

  [Symbol.dispose](): void {
    if (readPid(this.#path) === process.pid) rmSync(this.#path, { force: true });
  }
}

/** A number that another program has by now, or a zombie that nobody has waited for yet, is no daemon. */
function isDaemon(pid: number): boolean {
  try {
    const comm = (of: number | 'self'): string => readFileSync(`/proc/${of}/comm`, 'utf8');
    const state = /^\d+ \(.*\) (\S)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1];
    return state !== 'Z' && comm(pid) === comm('self');
  } catch {
    return false;
  }
}

function readPid(path: string): number | undefined {
  try {
    const pid = Number(readFileSync(path, 'utf8').trim());
    return Number.isInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}
