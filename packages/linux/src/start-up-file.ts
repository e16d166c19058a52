/**
 * The few file operations of a program that has hardly begun, as bare system calls: open(2), read(2), write(2) and their like.
 * For the part of a start-up that somebody waits for; everywhere else use node:fs, which does more, says more, and takes more than a
 * millisecond to load.
 */
import { check, cString, openLibc } from './libc.ts';

const libc = openLibc({
  open: { args: ['ptr', 'i32', 'u32'], returns: 'i32' },
  close: { args: ['i32'], returns: 'i32' },
  read: { args: ['i32', 'ptr', 'u64'], returns: 'i32' },
  write: { args: ['i32', 'ptr', 'u64'], returns: 'i32' },
  access: { args: ['ptr', 'i32'], returns: 'i32' },
  chmod: { args: ['ptr', 'u32'], returns: 'i32' },
  mkdir: { args: ['ptr', 'u32'], returns: 'i32' },
  unlink: { args: ['ptr'], returns: 'i32' },
  symlink: { args: ['ptr', 'ptr'], returns: 'i32' },
});

const O_WRONLY = 0o1;
const O_CREAT = 0o100;
const O_TRUNC = 0o1000;
const O_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;
const F_OK = 0;
const firstBlockBytes = 16 * 1024;

export function closeDescriptor(fd: number): void {
  check(libc.close(fd), () => `close descriptor ${fd}`);
}

/** Everything up to the end of an open file, blocking. Interrupted reads are errors: nobody handles signals this early. */
export function readToEnd(fd: number): Uint8Array {
  let bytes = new Uint8Array(firstBlockBytes);
  let length = 0;
  for (;;) {
    const count = check(libc.read(fd, bytes.subarray(length), bytes.length - length), () => `read descriptor ${fd}`);
    if (count === 0) return bytes.subarray(0, length);
    length += count;
    if (length < bytes.length) continue;
    const grown = new Uint8Array(bytes.length * 2);
    grown.set(bytes);
    bytes = grown;
  }
}

/** A whole file. not_found and its like as a SystemError. */
export function readWholeFile(path: string): Uint8Array {
  const fd = check(libc.open(cString(path), O_CLOEXEC, 0), () => `open ${path}`);
  try {
    return readToEnd(fd);
  } finally {
    closeDescriptor(fd);
  }
}

/** Writes all of it, blocking. */
export function writeWhole(fd: number, bytes: Uint8Array): void {
  for (let rest = bytes; rest.length > 0;)
    rest = rest.subarray(check(libc.write(fd, rest, rest.length), () => `write to descriptor ${fd}`));
}

/** Makes or replaces a file; `mode` is for a new one, less the umask. */
export function writeWholeFile(path: string, bytes: Uint8Array, mode: number): void {
  const fd = check(libc.open(cString(path), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode), () => `open ${path}`);
  try {
    writeWhole(fd, bytes);
  } finally {
    closeDescriptor(fd);
  }
}

/** For writing, never waiting for a FIFO's reader. */
export function openForWriting(path: string): number {
  return check(libc.open(cString(path), O_WRONLY | O_NONBLOCK | O_CLOEXEC, 0), () => `open ${path}`);
}

export function pathExists(path: string): boolean {
  return libc.access(cString(path), F_OK) === 0;
}

export function changeMode(path: string, mode: number): void {
  check(libc.chmod(cString(path), mode), () => `change mode of ${path}`);
}

/** One level; already_exists if something has the name. */
export function makeDirectory(path: string, mode: number): void {
  check(libc.mkdir(cString(path), mode), () => `make directory ${path}`);
}

/** A symbolic link at `path`; already_exists if something has the name. */
export function makeLink(target: string, path: string): void {
  check(libc.symlink(cString(target), cString(path)), () => `make link ${path}`);
}

export function removeFile(path: string): void {
  check(libc.unlink(cString(path)), () => `remove ${path}`);
}
