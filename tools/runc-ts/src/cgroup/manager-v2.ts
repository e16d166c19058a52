/** Cgroups on hosts with the unified hierarchy alone: one directory. */
import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { failedPrecondition, invalidArgument } from '@docker-ts/base/errors';
import { readCgroupFile, readFlatKeyed } from '@docker-ts/linux/cgroup-file';
import { unifiedMountPoint } from '@docker-ts/linux/cgroup-hierarchies';
import type { CgroupStats } from '@docker-ts/linux/cgroup-stats';
import { readCgroupV2Stats } from '@docker-ts/linux/cgroup-stats-v2';
import type { LinuxResources } from '@docker-ts/oci/runtime-spec';
import { applyWrites, writeControlFile } from './control-file.ts';
import type { DeviceRules } from './device-rules.ts';
import { freezeIfPossible, FreezerV2 } from './freezer.ts';
import type { CgroupManager, CgroupMode, FreezerState } from './manager.ts';
import { Ownership } from './ownership.ts';
import { planV2 } from './plan-v2.ts';
import { cgroupPids, signalProcesses } from './processes.ts';
import { makeCgroup, removeCgroup } from './removal.ts';
import { setValue } from './resource-values.ts';
import { type CgroupWrite, hostFacts } from './write-plan.ts';

const SIGKILL = 9;

export class CgroupManagerV2 implements CgroupManager {
  readonly mode: CgroupMode = 'v2';
  readonly paths: Readonly<Record<string, string>>;
  readonly #directory: string;
  readonly #resources: LinuxResources;
  readonly #ownership: Ownership;
  readonly #deviceRules: ((resources: LinuxResources) => DeviceRules) | undefined;
  readonly #freezer: FreezerV2;

  /** `deviceRules`: makes the complete device rules of a new container; undefined: the container exists, `set` leaves devices alone. */
  constructor(
    directory: string,
    resources: LinuxResources = {},
    deviceRules?: (resources: LinuxResources) => DeviceRules,
  ) {
    if (!directory.startsWith(`${unifiedMountPoint}/`))
      throw invalidArgument(`cannot use cgroup ${directory}: it is not below ${unifiedMountPoint}`);
    this.paths = { '': directory };
    this.#directory = directory;
    this.#resources = resources;
    this.#deviceRules = deviceRules;
    this.#ownership = new Ownership(deviceRules === undefined);
    this.#freezer = new FreezerV2(directory);
  }

  /** From the root down: each level is made, checked, and passes on all controllers that it has. */
  create(): void {
    this.#ownership.take(this);
    const made: string[] = [];
    try {
      let current = unifiedMountPoint;
      for (const name of relative(unifiedMountPoint, this.#directory).split('/')) {
        delegateControllers(current);
        current = join(current, name);
        if (makeCgroup(current)) made.push(current);
        enterType(current, this.#resources);
      }
    } catch (error) {
      for (const directory of made.toReversed()) removeCgroup(directory);
      throw error;
    }
  }

  procsFiles(): string[] {
    return [join(this.#directory, 'cgroup.procs')];
  }

  plan(resources: LinuxResources): CgroupWrite[] {
    return planV2(resources, this.#directory, hostFacts, this.#deviceRules?.(resources));
  }

  set(resources: LinuxResources): void {
    applyWrites(this.plan(resources));
  }

  freeze(): void {
    this.#freezer.freeze();
  }

  thaw(): void {
    this.#freezer.thaw();
  }

  freezerState(): FreezerState {
    return this.#freezer.state();
  }

  pids(recursive: boolean): number[] {
    return cgroupPids(this.#directory, recursive);
  }

  killAll(signal: number): void {
    const kill = join(this.#directory, 'cgroup.kill');
    // Linux 5.14: the kernel kills the whole subtree, forks included, frozen or not.
    if (signal === SIGKILL && existsSync(kill)) {
      writeControlFile(kill, '1');
      return;
    }
    const frozen = this.freezerState() !== 'THAWED';
    if (!frozen) freezeIfPossible(this.#freezer);
    try {
      signalProcesses(this.pids(true), signal);
    } finally {
      if (!frozen) this.thaw();
    }
  }

  stats(): CgroupStats {
    return { version: 2, metrics: readCgroupV2Stats(this.#directory) };
  }

  exists(): boolean {
    return existsSync(this.#directory);
  }

  oomKillCount(): number {
    return Number(readFlatKeyed(join(this.#directory, 'memory.events'))?.get('oom_kill') ?? 0n);
  }

  destroy(): void {
    if (!this.#ownership.owned) return;
    if (this.pids(true).length > 0) this.killAll(SIGKILL);
    removeCgroup(this.#directory);
  }
}

/**
 * Enables all controllers of a cgroup for its children. Which of them can be is up to the kernel (one may be in use by v1, or
 * processes may live here): a limit that lacks its controller is told by `set`.
 */
function delegateControllers(directory: string): void {
  const available = words(join(directory, 'cgroup.controllers'));
  const file = join(directory, 'cgroup.subtree_control');
  const enabled = new Set(words(file));
  const missing = available.filter((controller) => !enabled.has(controller)).map((controller) => `+${controller}`);
  if (missing.length === 0 || tryWrite(file, missing.join(' '))) return;
  // One that cannot be enabled spoils the whole write.
  for (const controller of missing) tryWrite(file, controller);
}

function words(file: string): string[] {
  return (readCgroupFile(file) ?? '').split(/\s+/).filter((word) => word !== '');
}

function tryWrite(file: string, value: string): boolean {
  try {
    writeControlFile(file, value);
    return true;
  } catch {
    return false;
  }
}

/**
 * Below a cgroup that has processes of its own a new one is "domain invalid": it can hold processes as a threaded cgroup, but
 * only under controllers that know threads.
 */
function enterType(directory: string, resources: LinuxResources): void {
  const type = readCgroupFile(join(directory, 'cgroup.type'))?.trim();
  if (type !== 'domain invalid' && type !== 'domain threaded' && type !== 'threaded') return;
  if (needsDomain(resources))
    throw failedPrecondition(
      `cannot use cgroup ${directory} for memory, cpu, io or hugetlb limits: it is in ${type} state`,
    );
  if (type === 'domain invalid') tryWrite(join(directory, 'cgroup.type'), 'threaded');
}

function needsDomain({ memory = {}, cpu = {}, blockIO, hugepageLimits = [] }: LinuxResources): boolean {
  const { limit, swap, reservation } = memory;
  const { shares, quota, period, idle, burst } = cpu;
  return (
    [limit, swap, reservation, shares, quota, period].some((value) => setValue(value) !== undefined) ||
    idle !== undefined ||
    burst !== undefined ||
    (blockIO !== undefined &&
      Object.values(blockIO).some((value) => (Array.isArray(value) ? value.length > 0 : value))) ||
    hugepageLimits.length > 0
  );
}
