/** Making and removing cgroup directories. */
import { mkdirSync, rmdirSync } from 'node:fs';
import { failedPrecondition } from '@docker-ts/base/errors';
import { isAbsent } from '@docker-ts/linux/cgroup-file';
import { sleepSync } from '@docker-ts/linux/sleep';
import { errnoOf } from './control-file.ts';
import { cgroupPids, childCgroups } from './processes.ts';

/** mkdir(2) of one level; true if it was not there. */
export function makeCgroup(directory: string): boolean {
  try {
    mkdirSync(directory, 0o755);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** EBUSY: a process is still there, or is just leaving. Doubling from 1 ms, ten tries take a second. */
const removalTries = 10;

/** Removes a cgroup and those below it. Missing ones are no error; failed_precondition: `processes 7, 8 are still in it`. */
export function removeCgroup(directory: string): void {
  if (tryRemove(directory)) return;
  for (const child of childCgroups(directory)) removeCgroup(child);
  for (let attempt = 0, delayMs = 1; attempt < removalTries; attempt++, delayMs *= 2) {
    if (tryRemove(directory)) return;
    sleepSync(delayMs);
  }
  if (tryRemove(directory)) return;
  const pids = cgroupPids(directory, true).join(', ');
  throw failedPrecondition(
    `cannot remove cgroup ${directory}: ${pids === '' ? 'device or resource busy' : `processes ${pids} are still in it`}`,
  );
}

function tryRemove(directory: string): boolean {
  try {
    rmdirSync(directory);
    return true;
  } catch (error) {
    if (isAbsent(error)) return true;
    const errno = errnoOf(error);
    if (errno === 'EBUSY' || errno === 'ENOTEMPTY') return false;
    throw error;
  }
}
