/** Cgroups on hosts with v1 hierarchies: one directory in each, and one in the cgroup2 tree of a hybrid host. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { failedPrecondition, internal } from '@docker-ts/base/errors';
import { readFlatKeyed } from '@docker-ts/linux/cgroup-file';
import type { CgroupStats } from '@docker-ts/linux/cgroup-stats';
import { readCgroupV1Stats } from '@docker-ts/linux/cgroup-stats-v1';
import type { LinuxResources } from '@docker-ts/oci/runtime-spec';
import { v1Subsystems } from './cgroup-path.ts';
import { applyWrites } from './control-file.ts';
import { DeviceRules } from './device-rules.ts';
import { freezeIfPossible, FreezerV1 } from './freezer.ts';
import type { CgroupManager, CgroupMode, FreezerState } from './manager.ts';
import { Ownership } from './ownership.ts';
import { planV1, realtimeWrites } from './plan-v1.ts';
import { cgroupPids, signalProcesses } from './processes.ts';
import { makeCgroup, removeCgroup } from './removal.ts';
import { type CgroupWrite, hostFacts } from './write-plan.ts';

const SIGKILL = 9;

/** Hierarchies without a limit in them: if they cannot be joined, the container does without (runc does). */
const dispensable: ReadonlySet<string> = new Set(['name=systemd', 'misc', '']);

export class CgroupManagerV1 implements CgroupManager {
  readonly mode: CgroupMode;
  readonly paths: Readonly<Record<string, string>>;
  readonly #resources: LinuxResources;
  readonly #ownership: Ownership;
  readonly #deviceRules: ((resources: LinuxResources) => DeviceRules) | undefined;
  readonly #freezer: FreezerV1 | undefined;

  /** `deviceRules`: makes the complete device rules of a new container; undefined: the container exists, `set` leaves devices alone. */
  constructor(
    paths: Readonly<Record<string, string>>,
    resources: LinuxResources = {},
    deviceRules?: (resources: LinuxResources) => DeviceRules,
  ) {
    this.mode = paths[''] === undefined ? 'v1' : 'hybrid';
    this.paths = paths;
    this.#resources = resources;
    this.#deviceRules = deviceRules;
    this.#ownership = new Ownership(deviceRules === undefined);
    this.#freezer = paths.freezer === undefined ? undefined : new FreezerV1(paths.freezer);
  }

  create(): void {
    this.#ownership.take(this);
    for (const [subsystem, directory] of this.#ordered()) {
      try {
        if (subsystem === 'cpuset') this.#makeCpuset(directory);
        else this.#makeAll(directory);
      } catch (error) {
        if (!dispensable.has(subsystem)) throw error;
      }
      if (subsystem === 'cpu') this.#setRealtime(directory);
    }
  }

  /** In the order of joining; controllers that are mounted together have one directory. */
  #ordered(): [subsystem: string, directory: string][] {
    const seen = new Set<string>();
    return [...v1Subsystems, ''].flatMap((subsystem) => {
      const directory = this.paths[subsystem];
      if (directory === undefined || seen.has(directory)) return [];
      seen.add(directory);
      return [[subsystem, directory] as [string, string]];
    });
  }

  #makeAll(directory: string): void {
    if (existsSync(directory)) return;
    this.#makeAll(dirname(directory));
    makeCgroup(directory);
  }

  /** A cpuset is born empty, and nothing can join it before it has CPUs and memory nodes: take the parent's. */
  #makeCpuset(directory: string): void {
    const parent = dirname(directory);
    const isRoot = existsSync(directory) && !existsSync(join(parent, 'cpuset.cpus'));
    if (isRoot) return;
    this.#makeCpuset(parent);
    makeCgroup(directory);
    const { cpus, mems } = directory === this.paths.cpuset ? (this.#resources.cpu ?? {}) : {};
    this.#fillCpuset(directory, 'cpuset.cpus', cpus, 'cpus');
    this.#fillCpuset(directory, 'cpuset.mems', mems, 'mems');
  }

  #fillCpuset(directory: string, name: string, wanted: string | undefined, field: string): void {
    const file = join(directory, name);
    const value = wanted || (readFileSync(file, 'utf8').trim() === '' ? this.#inherited(directory, name) : '');
    if (value !== '') applyWrites([{ file, value, field: `linux.resources.cpu.${field}` }]);
  }

  #inherited(directory: string, name: string): string {
    return readFileSync(join(dirname(directory), name), 'utf8').trim();
  }

  #setRealtime(directory: string): void {
    applyWrites(
      realtimeWrites(this.#resources.cpu ?? {}).flatMap(([name, value, field, options]) =>
        value === undefined
          ? []
          : [{ file: join(directory, name), value: String(value), field: `linux.resources.${field}`, ...options }],
      ),
    );
  }

  procsFiles(): string[] {
    return this.#ordered().flatMap(([subsystem, directory]) => {
      const file = join(directory, 'cgroup.procs');
      return dispensable.has(subsystem) && !existsSync(file) ? [] : [file];
    });
  }

  plan(resources: LinuxResources): CgroupWrite[] {
    return planV1(resources, this.paths, hostFacts, this.#deviceRules?.(resources));
  }

  set(resources: LinuxResources): void {
    const target = this.#deviceRules?.(resources);
    applyWrites(planV1(resources, this.paths, hostFacts, target));
    if (target !== undefined) this.#verifyDevices(target);
  }

  /** The kernel leaves out some changes without a word; a container must not start with more devices than it was given. */
  #verifyDevices(target: DeviceRules): void {
    const actual = DeviceRules.parse(readFileSync(join(this.paths.devices ?? '', 'devices.list'), 'utf8'));
    const reached = target.allowByDefault ? actual.allowByDefault : actual.equals(target);
    if (!reached) throw internal(`cannot set linux.resources.devices: ${this.paths.devices} did not take all rules`);
  }

  freeze(): void {
    if (this.#freezer === undefined) throw failedPrecondition('cannot freeze: the freezer controller is not mounted');
    this.#freezer.freeze();
  }

  thaw(): void {
    this.#freezer?.thaw();
  }

  freezerState(): FreezerState {
    return this.#freezer?.state() ?? 'THAWED';
  }

  pids(recursive: boolean): number[] {
    return cgroupPids(this.paths.devices ?? '', recursive);
  }

  killAll(signal: number): void {
    const frozen = this.freezerState() !== 'THAWED';
    // Frozen processes cannot fork away from under the signals.
    const freezer = this.#freezer !== undefined && existsSync(this.paths.freezer ?? '') ? this.#freezer : undefined;
    if (!frozen && freezer !== undefined) freezeIfPossible(freezer);
    try {
      signalProcesses(this.pids(true), signal);
    } finally {
      // A v1 freezer holds back even SIGKILL.
      if (!frozen || signal === SIGKILL) freezer?.thaw();
    }
  }

  stats(): CgroupStats {
    return { version: 1, metrics: readCgroupV1Stats(this.paths) };
  }

  exists(): boolean {
    return existsSync(this.paths.devices ?? '');
  }

  oomKillCount(): number {
    return Number(readFlatKeyed(join(this.paths.memory ?? '', 'memory.oom_control'))?.get('oom_kill') ?? 0n);
  }

  destroy(): void {
    if (!this.#ownership.owned) return;
    if (this.pids(true).length > 0) this.killAll(SIGKILL);
    for (const directory of new Set(Object.values(this.paths))) removeCgroup(directory);
  }
}
