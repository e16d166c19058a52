/** Carrying out a plan of writes. An error names file, value and field: `cannot set linux.resources.pids.limit: write "x" to …: invalid argument`. */
import { closeSync, constants, openSync, readFileSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { CodedError, type ErrorCode, invalidArgument, wrap } from '@docker-ts/base/errors';
import { replaceDeviceFilter } from '@docker-ts/linux/bpf';
import { readCgroupFile } from '@docker-ts/linux/cgroup-file';
import type { CgroupWrite } from './write-plan.ts';

/** One write(2), without creating or truncating: control files know neither. Throws node's file errors. */
export function writeControlFile(file: string, value: string): void {
  const fd = openSync(file, constants.O_WRONLY);
  try {
    writeSync(fd, value);
  } finally {
    closeSync(fd);
  }
}

/** Carries out the writes in order. What was written before a failure stays. */
export function applyWrites(writes: readonly CgroupWrite[]): void {
  const deferred: CgroupWrite[] = [];
  for (const write of writes) {
    try {
      applyWrite(write);
    } catch (error) {
      if (write.optional === true && errnoOf(error) === 'ENOENT') continue;
      if (write.deferrable !== true || errnoOf(error) !== 'EINVAL') throw explain(write, error);
      deferred.push(write);
    }
  }
  for (const write of deferred) {
    try {
      applyWrite(write);
    } catch (error) {
      throw explain(write, error);
    }
  }
}

function applyWrite(write: CgroupWrite): void {
  if (write.deviceFilter !== undefined) {
    replaceDeviceFilter(write.file, write.deviceFilter);
    return;
  }
  // Several lines are several settings: the kernel takes one in each write.
  for (const line of write.value.split('\n')) if (line !== '' || write.value === '') writeControlFile(write.file, line);
  if (write.exact !== true) return;
  const actual = readFileSync(write.file, 'utf8').trim();
  if (actual === write.value) return;
  const bound = BigInt(write.value) > BigInt(actual) ? 'maximum' : 'minimum';
  throw invalidArgument(`the ${bound} allowed value is ${actual}`);
}

/** The name of a system error's errno; empty for anything else. */
export function errnoOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

const codes: Readonly<Record<string, ErrorCode>> = {
  ENOENT: 'failed_precondition',
  ENODEV: 'failed_precondition',
  EINVAL: 'invalid_argument',
  ERANGE: 'invalid_argument',
  EBUSY: 'failed_precondition',
  EACCES: 'permission_denied',
  EPERM: 'permission_denied',
  EROFS: 'permission_denied',
};

const texts: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  ENODEV: 'no such device',
  EINVAL: 'invalid argument',
  ERANGE: 'numerical result out of range',
  EBUSY: 'device or resource busy',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EROFS: 'read-only file system',
};

function explain(write: CgroupWrite, error: unknown): CodedError {
  const prefix = `cannot set ${write.field}: write "${write.value}" to ${write.file}`;
  const errno = errnoOf(error);
  if (error instanceof CodedError || texts[errno] === undefined) return wrap(error, prefix);
  return new CodedError(codes[errno] ?? 'internal', `${prefix}: ${texts[errno]}${usageHint(write, errno)}`, {
    cause: error,
  });
}

/** EBUSY on a v1 memory limit means that more is in use; how much is what the user wants to know. */
function usageHint({ file }: CgroupWrite, errno: string): string {
  if (errno !== 'EBUSY' || !file.endsWith('limit_in_bytes')) return '';
  const read = (name: string): string => readCgroupFile(`${dirname(file)}/memory.${name}_in_bytes`)?.trim() ?? '?';
  return ` (current usage: ${read('usage')}, peak usage: ${read('max_usage')})`;
}
