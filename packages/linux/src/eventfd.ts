/** eventfd(2): a counter that the kernel adds to, read as eight bytes. Non-blocking, close-on-exec. */
import { check, openLibc } from './libc.ts';

const libc = openLibc({ eventfd: { args: ['u32', 'i32'], returns: 'i32' } });

const EFD_CLOEXEC = 0o2000000;
const EFD_NONBLOCK = 0o4000;

export function makeEventfd(): number {
  return check(libc.eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), 'make an eventfd');
}
