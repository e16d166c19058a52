/**
 * The program that `docker run --init` puts at pid 1: `--init-path` of the daemon, else our own small reaper
 * (`init/docker-init.c`), which lies inside the daemon's executable and is laid down on disk to be mounted into containers.
 */
import { invalidArgument } from '@docker-ts/base/errors';
import embeddedInit from '../../init/build/docker-init' with { type: 'file' };
import { accessSync, chmodSync, constants, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';

/**
 * Host path of the init program. Without `configured` ours is written to `<dataRoot>/init/docker-init`: not to the exec root, as
 * /run is mounted noexec on some systems, which a bind mount inherits.
 */
export function installDockerInit(dataRoot: string, configured = ''): string {
  if (configured !== '') {
    if (!isAbsolute(configured)) throw invalidArgument(`cannot use init "${configured}": the path must be absolute`);
    try {
      accessSync(configured, constants.X_OK);
    } catch (error) {
      throw invalidArgument(`cannot use init "${configured}": it is not an executable file`, error);
    }
    return configured;
  }
  const path = join(dataRoot, 'init/docker-init');
  const program = readFileSync(embeddedInit);
  if (!sameFile(path, program)) {
    mkdirSync(dirname(path), { recursive: true, mode: 0o711 });
    // A container may be running the old one.
    writeFileSync(`${path}.new`, program);
    chmodSync(`${path}.new`, 0o555);
    renameSync(`${path}.new`, path);
  }
  return path;
}

function sameFile(path: string, content: Buffer): boolean {
  try {
    return readFileSync(path).equals(content);
  } catch {
    return false;
  }
}
