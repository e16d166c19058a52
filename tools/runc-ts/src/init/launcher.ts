/**
 * Starting the init. Its executable is embedded in runc-ts, copied to a sealed memfd and run from there: no path leads to it, and
 * what /proc/PID/exe shows to a container cannot be written (CVE-2019-5736).
 */
import { closeSync, readFileSync } from 'node:fs';
import { spawnProcess } from '@docker-ts/linux/child-process';
import { setInherited } from '@docker-ts/linux/descriptor';
import { socketPair } from '@docker-ts/linux/local-socket';
import { sealedExecutable } from '@docker-ts/linux/memfd';
import initPath from '../../init/build/init' with { type: 'file' };
import { encodePlan } from '../plan/encode.ts';
import type { Plan } from '../plan/plan.ts';
import { Channel } from './channel.ts';

/** Shows as /proc/PID/exe until the container's own program takes over. */
const executableName = 'runc-ts-init';

/** Starts the launcher with the plan under way to it. `inherited` descriptors keep their numbers in the init. */
export function launchInit(plan: Plan, inherited: readonly number[]): Channel {
  // encoded first: what cannot be encoded starts nothing
  const bytes = encodePlan(plan.steps);
  const executable = sealedExecutable(executableName, readFileSync(initPath));
  const [ours, theirs] = socketPair();
  try {
    for (const fd of [theirs, ...inherited]) setInherited(fd, true);
    const launcher = spawnProcess(`/proc/self/fd/${executable}`, [executableName, String(theirs)], []);
    const channel = new Channel(plan, ours, launcher);
    closeSync(theirs);
    channel.send(bytes);
    return channel;
  } finally {
    for (const fd of inherited) setInherited(fd, false);
    closeSync(executable);
  }
}
