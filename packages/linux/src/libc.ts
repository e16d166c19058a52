/**
 * The door to the C library. Every other file of this package opens only the symbols that it needs (`openLibc`), because each
 * symbol costs start-up time where it counts: bun:ffi compiles a trampoline for each. A call that fails becomes a `SystemError`
 * with the errno's name; nothing here retries on EINTR unless it says so.
 *
 * Calls are synchronous and run on the JavaScript thread: use them for what the kernel answers at once.
 */
import { CodedError, type ErrorCode } from '@docker-ts/base/errors';
import { dlopen, type FFIFunction, type Library, read } from 'bun:ffi';
import { errnoName } from './errno.ts';

/** Opens C library functions by prototype. Call it once at a module's top level, or lazily in start-up critical programs. */
export function openLibc<Fns extends Record<string, FFIFunction>>(functions: Fns): Library<Fns>['symbols'] {
  return dlopen('libc.so.6', functions).symbols;
}

const { __errno_location: errnoLocation } = openLibc({ __errno_location: { args: [], returns: 'ptr' } });

/** The calling thread's errno: read it before anything else happens. */
export function errno(): number {
  const location = errnoLocation();
  return location === null ? 0 : read.i32(location, 0);
}

const codeByName: Readonly<Record<string, ErrorCode>> = {
  ENOENT: 'not_found',
  ESRCH: 'not_found',
  EEXIST: 'already_exists',
  EINVAL: 'invalid_argument',
  EPERM: 'permission_denied',
  EACCES: 'permission_denied',
  EBUSY: 'failed_precondition',
  ENOTEMPTY: 'failed_precondition',
  ENOSPC: 'resource_exhausted',
  EMFILE: 'resource_exhausted',
  ENFILE: 'resource_exhausted',
  ENOMEM: 'resource_exhausted',
  ENOSYS: 'unimplemented',
  EOPNOTSUPP: 'unimplemented',
};

/** A system call's failure. `errno` is the number, `errnoName` its name; `code` is the stack's own. */
export class SystemError extends CodedError {
  readonly errno: number;
  readonly errnoName: string;

  constructor(operation: string, value: number) {
    const name = errnoName(value);
    super(codeByName[name] ?? 'internal', `${operation}: ${name}`);
    this.errno = value;
    this.errnoName = name;
  }
}

/** Passes a result through; -1 becomes a SystemError made from errno, told as `operation`. */
export function check(result: number, operation: string | (() => string)): number {
  if (result !== -1) return result;
  const value = errno();
  throw new SystemError(typeof operation === 'string' ? operation : operation(), value);
}

/** A NUL-terminated copy of `text` for a `ptr` argument. Keep the returned buffer alive during the call. */
export function cString(text: string): Uint8Array {
  if (text.includes('\0'))
    throw new CodedError('invalid_argument', `cannot pass "${text}" to the kernel: it contains NUL`);
  return Buffer.from(`${text}\0`, 'utf8');
}
