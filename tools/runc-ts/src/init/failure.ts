/** What went wrong in the init, in the words of the plan, and in runc's where programs above match on them. */
import { CodedError, type ErrorCode, internal } from '@docker-ts/base/errors';
import type { ChildExit } from '@docker-ts/linux/child-process';
import { errnoName } from '@docker-ts/linux/errno';
import type { Plan, Step } from '../plan/plan.ts';

interface FailureMessage {
  /** Index of the step; -1 before the first. */
  readonly step: number;
  /** errno; 0 if the text says it all. */
  readonly value: number;
  /** Detail, NUL, meaning of errno. */
  readonly text: string;
}

const codes: Readonly<Record<string, ErrorCode>> = {
  ENOENT: 'not_found',
  EACCES: 'permission_denied',
  EPERM: 'permission_denied',
  EINVAL: 'invalid_argument',
  ENOSPC: 'resource_exhausted',
  ENOMEM: 'resource_exhausted',
};

/** Go's wording: that of the C library with a small first letter. */
function meaningOf(text: string): string {
  return text === '' ? '' : text.charAt(0).toLowerCase() + text.slice(1);
}

/** As Go's os/exec words it; dockerd makes exit status 126 or 127 of these texts. */
function lookupMessage(step: Step<'lookup'>, value: number, detail: string, meaning: string): string {
  const quoted = JSON.stringify(step.values.file);
  if (step.values.directories.length > 0 && errnoName(value) === 'ENOENT')
    return `exec: ${quoted}: executable file not found in $PATH`;
  return `exec: ${quoted}: ${detail === '' ? '' : `${detail}: `}${meaning}`;
}

export function initFailure(plan: Plan, { step: index, value, text }: FailureMessage): CodedError {
  const [detail = '', cause = ''] = text.split('\0');
  const meaning = meaningOf(cause);
  const code = codes[errnoName(value)] ?? 'internal';
  const step = plan.steps[index];
  const parts = [detail, meaning].filter((part) => part !== '');
  if (step === undefined) return new CodedError(code, `init: ${parts.join(': ')}`);
  if (step.operation === 'lookup')
    return new CodedError(code, lookupMessage(step as Step<'lookup'>, value, detail, meaning));
  // told as execve(2) itself is: "exec /x: exec format error"
  if (step.operation === 'exec') return new CodedError(code, parts.join(': '));
  const field = step.field === '' ? '' : `, ${step.field} of config.json`;
  const place = `(step ${index + 1} of ${plan.steps.length}${field})`;
  return new CodedError(code, `${[step.what, ...parts].join(': ')} ${place}`);
}

/** The init ended without a word: it was killed. */
export function initVanished(exit: ChildExit | undefined): CodedError {
  if (exit !== undefined && 'signal' in exit)
    return internal(`container init was killed by signal ${exit.signal} (memory limit too low?)`);
  return internal(`container init exited prematurely${exit === undefined ? '' : ` with status ${exit.code}`}`);
}
