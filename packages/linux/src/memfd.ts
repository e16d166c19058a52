/** Sealed anonymous files: memfd_create(2), fcntl(2) F_ADD_SEALS. */
import { writeSync } from 'node:fs';
import { check, cString, openLibc } from './libc.ts';

const libc = openLibc({
  memfd_create: { args: ['ptr', 'u32'], returns: 'i32' },
  fcntl: { args: ['i32', 'i32', 'i64'], returns: 'i32' },
});

const MFD_CLOEXEC = 1;
const MFD_ALLOW_SEALING = 2;
const MFD_EXEC = 0x10;
const F_ADD_SEALS = 1033;
/** Nobody can seal, shrink, grow or write it any more. */
const allSeals = 1 | 2 | 4 | 8;

function create(name: string): number {
  const text = cString(name);
  const fd = libc.memfd_create(text, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
  // MFD_EXEC is new in Linux 6.3; before, every memfd can be executed
  return fd >= 0 ? fd : check(libc.memfd_create(text, MFD_CLOEXEC | MFD_ALLOW_SEALING), `create memfd ${name}`);
}

/** A close-on-exec descriptor of an executable file with `content`, which nobody can change. `name` shows in /proc/PID/exe. */
export function sealedExecutable(name: string, content: Uint8Array): number {
  const fd = create(name);
  for (let done = 0; done < content.length;) done += writeSync(fd, content, done);
  check(libc.fcntl(fd, F_ADD_SEALS, allSeals), `seal memfd ${name}`);
  return fd;
}
