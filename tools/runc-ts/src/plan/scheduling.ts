/** Scheduler, I/O priority and execution domain of a process: sched_setattr(2), ioprio_set(2). */
import { invalidArgument } from '@docker-ts/base/errors';
import type { Process, Scheduler } from '@docker-ts/oci/runtime-spec';
import type { Plan } from './plan.ts';

/** SCHED_* of include/uapi/linux/sched.h. */
const policies: Readonly<Record<string, number>> = {
  SCHED_OTHER: 0,
  SCHED_FIFO: 1,
  SCHED_RR: 2,
  SCHED_BATCH: 3,
  SCHED_ISO: 4,
  SCHED_IDLE: 5,
  SCHED_DEADLINE: 6,
};
const schedulerFlags: Readonly<Record<string, number>> = {
  SCHED_FLAG_RESET_ON_FORK: 1,
  SCHED_FLAG_RECLAIM: 2,
  SCHED_FLAG_DL_OVERRUN: 4,
  SCHED_FLAG_KEEP_POLICY: 8,
  SCHED_FLAG_KEEP_PARAMS: 16,
  SCHED_FLAG_UTIL_CLAMP_MIN: 32,
  SCHED_FLAG_UTIL_CLAMP_MAX: 64,
};
const ioClasses: Readonly<Record<string, number>> = {
  IOPRIO_CLASS_RT: 1,
  IOPRIO_CLASS_BE: 2,
  IOPRIO_CLASS_IDLE: 3,
};
const ioClassShift = 13;

/** struct sched_attr, first version, 48 bytes: size, policy, flags, nice, priority, runtime, deadline, period. */
function schedulerAttributes(scheduler: Scheduler): Uint8Array {
  const bytes = Buffer.alloc(48);
  const flags = (scheduler.flags ?? []).reduce((mask, name) => mask | (schedulerFlags[name] ?? 0), 0);
  bytes.writeUInt32LE(bytes.length, 0);
  bytes.writeUInt32LE(policies[scheduler.policy] ?? 0, 4);
  bytes.writeBigUInt64LE(BigInt(flags), 8);
  bytes.writeInt32LE(scheduler.nice ?? 0, 16);
  bytes.writeUInt32LE(scheduler.priority ?? 0, 20);
  bytes.writeBigUInt64LE(BigInt(scheduler.runtime ?? 0), 24);
  bytes.writeBigUInt64LE(BigInt(scheduler.deadline ?? 0), 32);
  bytes.writeBigUInt64LE(BigInt(scheduler.period ?? 0), 40);
  return bytes;
}

export function planScheduling(plan: Plan, { scheduler, ioPriority }: Process): void {
  if (scheduler !== undefined) {
    const attributes = schedulerAttributes(scheduler);
    plan.add('scheduler', { attributes }, `set scheduler ${scheduler.policy}`, 'process.scheduler');
  }
  if (ioPriority !== undefined) {
    const ioClass = ioClasses[ioPriority.class];
    if (ioClass === undefined)
      throw invalidArgument(`cannot use process.ioPriority: unknown class "${ioPriority.class}"`);
    const value = (ioClass << ioClassShift) | ioPriority.priority;
    plan.add('io_priority', { value }, `set I/O priority ${ioPriority.class}`, 'process.ioPriority');
  }
}

/** personality(2): PER_LINUX and PER_LINUX32. */
export function planPersonality(plan: Plan, domain: string | undefined, flags: readonly string[]): void {
  if (domain === undefined) return;
  if (flags.length > 0) throw invalidArgument('cannot use linux.personality.flags: none is defined');
  const value = domain === 'LINUX32' ? 8 : 0;
  plan.add('personality', { value }, `set personality ${domain}`, 'linux.personality');
}
