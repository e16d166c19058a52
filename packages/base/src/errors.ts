/**
 * The one error of the stack. Every failure that crosses a module carries a code from a closed list (containerd's errdefs and
 * moby's api/types/errdefs, merged); callers match on `code`, never on the text. Codes become HTTP, gRPC and ttrpc statuses
 * at the edges only (`status.ts`).
 *
 * Text: `cannot <verb> <noun> "<value>": <state>`, lower case, no full stop.
 */

export const errorCodes = [
  'invalid_argument',
  'not_found',
  'already_exists',
  'conflict',
  'not_modified',
  'failed_precondition',
  'permission_denied',
  'unauthenticated',
  'unavailable',
  'unimplemented',
  'out_of_range',
  'resource_exhausted',
  'aborted',
  'canceled',
  'deadline_exceeded',
  'data_loss',
  'internal',
  'unknown',
] as const;

export type ErrorCode = (typeof errorCodes)[number];

/** An error with a code. `cause` keeps what it was made from; `suppressed` keeps what failed while cleaning up after it. */
export class CodedError extends Error {
  override readonly name = 'CodedError';
  readonly code: ErrorCode;
  readonly suppressed: unknown[] = [];

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

type Make = (message: string, cause?: unknown) => CodedError;
const maker =
  (code: ErrorCode): Make =>
  (message, cause) =>
    new CodedError(code, message, cause === undefined ? undefined : { cause });

export const invalidArgument = maker('invalid_argument');
export const notFound = maker('not_found');
export const alreadyExists = maker('already_exists');
export const conflict = maker('conflict');
export const notModified = maker('not_modified');
export const failedPrecondition = maker('failed_precondition');
export const permissionDenied = maker('permission_denied');
export const unauthenticated = maker('unauthenticated');
export const unavailable = maker('unavailable');
export const unimplemented = maker('unimplemented');
export const outOfRange = maker('out_of_range');
export const resourceExhausted = maker('resource_exhausted');
export const aborted = maker('aborted');
export const canceled = maker('canceled');
export const deadlineExceeded = maker('deadline_exceeded');
export const dataLoss = maker('data_loss');
export const internal = maker('internal');
export const unknown = maker('unknown');

/** The code of anything thrown; what is not a CodedError counts as `unknown`. */
export function codeOf(error: unknown): ErrorCode {
  return error instanceof CodedError ? error.code : 'unknown';
}

/** True if `error` carries `code`. */
export function isCode(error: unknown, code: ErrorCode): boolean {
  return error instanceof CodedError && error.code === code;
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The same failure, told from one level higher: `prefix: message`, code and cause kept. */
export function wrap(error: unknown, prefix: string): CodedError {
  return new CodedError(codeOf(error), `${prefix}: ${messageOf(error)}`, { cause: error });
}
