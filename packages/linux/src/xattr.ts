/**
 * Extended attributes, xattr(7), of what is at a path: a link itself, never what it points to (`/proc/self/fd/<n>` is such a link; a `/.`
 * behind it means the directory). Values are bytes.
 */
import { check, cString, openLibc } from './libc.ts';

const libc = openLibc({
  lsetxattr: { args: ['ptr', 'ptr', 'ptr', 'u64', 'i32'], returns: 'i32' },
  fsetxattr: { args: ['i32', 'ptr', 'ptr', 'u64', 'i32'], returns: 'i32' },
  lgetxattr: { args: ['ptr', 'ptr', 'ptr', 'u64'], returns: 'i64' },
  llistxattr: { args: ['ptr', 'ptr', 'u64'], returns: 'i64' },
});

/** The kernel's limit for a value and for a list of names (XATTR_SIZE_MAX, XATTR_LIST_MAX). */
const maxBytes = 65_536;

export function setXattr(path: string, name: string, value: Uint8Array): void {
  // bun:ffi takes no pointer of an empty array
  const bytes = value.length > 0 ? value : null;
  check(libc.lsetxattr(cString(path), cString(name), bytes, value.length, 0), () => `set attribute ${name} of ${path}`);
}

/** Sets an attribute of an open file (not of one opened with O_PATH). */
export function setXattrOf(fd: number, name: string, value: Uint8Array): void {
  const bytes = value.length > 0 ? value : null;
  check(libc.fsetxattr(fd, cString(name), bytes, value.length, 0), () => `set attribute ${name} of descriptor ${fd}`);
}

/** @throws SystemError ENODATA if there is none of that name. */
export function getXattr(path: string, name: string): Uint8Array {
  const buffer = new Uint8Array(maxBytes);
  const size = libc.lgetxattr(cString(path), cString(name), buffer, buffer.length);
  return buffer.slice(
    0,
    check(Number(size), () => `get attribute ${name} of ${path}`),
  );
}

export function listXattrs(path: string): string[] {
  const buffer = new Uint8Array(maxBytes);
  const size = check(Number(libc.llistxattr(cString(path), buffer, buffer.length)), () => `list attributes of ${path}`);
  return new TextDecoder()
    .decode(buffer.subarray(0, size))
    .split('\0')
    .filter((name) => name !== '');
}
