/**
 * Reading a file of a container from outside: links are followed as a process whose / is `root` would follow them, so nothing in
 * there can lead out.
 */
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { O_PATH, openat2, RESOLVE } from './openat2.ts';

/** The text of the regular file `path` below the folder `root`, of which at most `limitBytes` is taken; other kinds are empty. */
export function readRootedFile(root: string, path: string, limitBytes: number): string {
  const folder = openSync(root, constants.O_DIRECTORY | O_PATH);
  try {
    // non-blocking: a FIFO in the file's place must not stop the reader
    const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
    const fd = openat2(folder, path, flags, RESOLVE.IN_ROOT | RESOLVE.NO_MAGICLINKS);
    try {
      return fstatSync(fd).isFile() ? readFileSync(fd).toString('utf8', 0, limitBytes) : '';
    } finally {
      closeSync(fd);
    }
  } finally {
    closeSync(folder);
  }
}
