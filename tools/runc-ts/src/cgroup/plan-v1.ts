/**
 * Limits as writes to cgroup v1's control files (kernel Documentation/admin-guide/cgroup-v1). Order and the meaning of 0 and -1 are
 * runc's. Each controller has its own directory; one that is not there is an error only if a limit needs it.
 */
import { join } from 'node:path';
import { failedPrecondition, invalidArgument } from '@docker-ts/base/errors';
import type {
  JsonInteger,
  LinuxBlockIo,
  LinuxCpu,
  LinuxMemory,
  LinuxNetwork,
  LinuxResources,
} from '@docker-ts/oci/runtime-spec';
import { DeviceRules } from './device-rules.ts';
import { pidsMax, rdmaLine, setValue } from './resource-values.ts';
import type { CgroupFacts, CgroupWrite } from './write-plan.ts';

export type CgroupPaths = Readonly<Record<string, string>>;

type WriteOptions = Pick<CgroupWrite, 'optional' | 'deferrable' | 'exact'>;

class V1Plan {
  readonly writes: CgroupWrite[] = [];
  readonly #paths: CgroupPaths;
  readonly facts: CgroupFacts;

  constructor(paths: CgroupPaths, facts: CgroupFacts) {
    this.#paths = paths;
    this.facts = facts;
  }

  fileOf(controller: string, name: string): string {
    const directory = this.#paths[controller];
    if (directory !== undefined) return join(directory, name);
    throw failedPrecondition(`cannot set ${controller} limit: container could not join or create cgroup`);
  }

  /** Plans a write unless `value` is undefined. `field` is what follows `linux.resources.` */
  write(
    controller: string,
    name: string,
    value: bigint | string | undefined,
    field: string,
    options: WriteOptions = {},
  ): void {
    if (value === undefined) return;
    const file = this.fileOf(controller, name);
    this.writes.push({ file, value: String(value), field: `linux.resources.${field}`, ...options });
  }
}

/** `devices`: the complete rules to reach; undefined: leave devices alone. */
export function planV1(
  resources: LinuxResources,
  paths: CgroupPaths,
  facts: CgroupFacts,
  devices: DeviceRules | undefined,
): CgroupWrite[] {
  if (resources.unified !== undefined && Object.keys(resources.unified).length > 0)
    throw invalidArgument('cannot use linux.resources.unified: this host has cgroup v1');
  const plan = new V1Plan(paths, facts);
  const { cpu = {} } = resources;
  planCpuset(plan, cpu);
  if (devices !== undefined) planDevices(plan, devices);
  planMemory(plan, resources.memory ?? {});
  planCpu(plan, cpu);
  plan.write('pids', 'pids.max', pidsMax(resources.pids ?? {}), 'pids.limit');
  planBlockIo(plan, resources.blockIO ?? {});
  planHugepages(plan, resources);
  planNetwork(plan, resources.network ?? {});
  for (const [device, limits] of Object.entries(resources.rdma ?? {}))
    plan.write('rdma', 'rdma.max', rdmaLine(device, limits), `rdma.${device}`);
  return plan.writes;
}

function planCpuset(plan: V1Plan, { cpus, mems }: LinuxCpu): void {
  plan.write('cpuset', 'cpuset.cpus', cpus || undefined, 'cpu.cpus');
  plan.write('cpuset', 'cpuset.mems', mems || undefined, 'cpu.mems');
}

function planDevices(plan: V1Plan, target: DeviceRules): void {
  // A cgroup that is still to be made inherits its parent's rules, which for the root are "everything".
  const list = plan.facts.read(plan.fileOf('devices', 'devices.list')) ?? 'a *:* rwm';
  for (const { file, value } of DeviceRules.parse(list).transitionTo(target))
    plan.write('devices', file, value, 'devices');
}

function planMemory(plan: V1Plan, memory: LinuxMemory): void {
  const limit = setValue(memory.limit);
  let swap = setValue(memory.swap);
  // Memory without a limit and swap with the old one would be refused: lift both, if the kernel counts swap.
  const swapFile = 'memory.memsw.limit_in_bytes';
  if (limit === -1n && swap === undefined && plan.facts.read(plan.fileOf('memory', swapFile)) !== undefined) swap = -1n;
  const writeLimit = (): void => plan.write('memory', 'memory.limit_in_bytes', limit, 'memory.limit');
  const writeSwap = (): void => plan.write('memory', swapFile, swap, 'memory.swap');
  // The kernel keeps memory ≤ memory+swap at every step: a larger sum goes first, a smaller one last.
  const grows = limit !== undefined && swap !== undefined && (swap === -1n || currentMemoryLimit(plan) < swap);
  for (const write of grows ? [writeSwap, writeLimit] : [writeLimit, writeSwap]) write();
  plan.write('memory', 'memory.soft_limit_in_bytes', setValue(memory.reservation), 'memory.reservation');
  plan.write(
    'memory',
    'memory.oom_control',
    memory.disableOOMKiller === true ? '1' : undefined,
    'memory.disableOOMKiller',
  );
  plan.write('memory', 'memory.swappiness', swappiness(memory.swappiness), 'memory.swappiness');
}

function currentMemoryLimit(plan: V1Plan): bigint {
  const text = plan.facts.read(plan.fileOf('memory', 'memory.limit_in_bytes'));
  // A new cgroup has none: the kernel's greatest number of bytes.
  return text === undefined ? 2n ** 63n - 1n : BigInt(text.trim());
}

/** -1, as Go writes it into 64 bits without sign, means "not set". */
function swappiness(value: JsonInteger | undefined): bigint | undefined {
  if (value === undefined || BigInt.asIntN(64, BigInt(value)) === -1n) return undefined;
  if (BigInt(value) <= 100n) return BigInt(value);
  throw invalidArgument(`cannot set linux.resources.memory.swappiness: ${value} is not between 0 and 100`);
}

function planCpu(plan: V1Plan, cpu: LinuxCpu): void {
  plan.write('cpu', 'cpu.shares', setValue(cpu.shares), 'cpu.shares', { exact: true });
  // The kernel compares quota/period and burst with the parent's and the old values: what is refused before the quota is
  // set may be right after it.
  const quota = setValue(cpu.quota);
  const deferrable: WriteOptions = quota === undefined ? {} : { deferrable: true };
  plan.write('cpu', 'cpu.cfs_period_us', setValue(cpu.period), 'cpu.period', deferrable);
  const burst = cpu.burst === undefined ? undefined : BigInt(cpu.burst);
  plan.write('cpu', 'cpu.cfs_burst_us', burst, 'cpu.burst', { ...deferrable, optional: true });
  plan.write('cpu', 'cpu.cfs_quota_us', quota, 'cpu.quota');
  plan.write('cpu', 'cpu.idle', cpu.idle === undefined ? undefined : BigInt(cpu.idle), 'cpu.idle');
  for (const write of realtimeWrites(cpu)) plan.write('cpu', ...write);
}

/** Also needed before a process joins: a real-time process cannot enter a cgroup without real-time budget. */
export function realtimeWrites(
  cpu: LinuxCpu,
): [name: string, value: bigint | undefined, field: string, options?: WriteOptions][] {
  const runtime = setValue(cpu.realtimeRuntime);
  return [
    [
      'cpu.rt_period_us',
      setValue(cpu.realtimePeriod),
      'cpu.realtimePeriod',
      runtime === undefined ? {} : { deferrable: true },
    ],
    ['cpu.rt_runtime_us', runtime, 'cpu.realtimeRuntime'],
  ];
}

function planBlockIo(plan: V1Plan, io: LinuxBlockIo): void {
  // Weights are the I/O scheduler's: CFQ's file until Linux 5.0, BFQ's since.
  const scheduler = (): string =>
    plan.facts.read(plan.fileOf('blkio', 'blkio.weight')) === undefined ? 'blkio.bfq.weight' : 'blkio.weight';
  if ((io.weight ?? 0) !== 0) plan.write('blkio', scheduler(), String(io.weight), 'blockIO.weight');
  if ((io.leafWeight ?? 0) !== 0) plan.write('blkio', 'blkio.leaf_weight', String(io.leafWeight), 'blockIO.leafWeight');
  for (const [index, { major, minor, weight = 0, leafWeight = 0 }] of (io.weightDevice ?? []).entries()) {
    const field = `blockIO.weightDevice[${index}]`;
    if (weight !== 0) plan.write('blkio', `${scheduler()}_device`, `${major}:${minor} ${weight}`, field);
    if (leafWeight !== 0) plan.write('blkio', 'blkio.leaf_weight_device', `${major}:${minor} ${leafWeight}`, field);
  }
  const throttles = {
    throttleReadBpsDevice: 'read_bps',
    throttleWriteBpsDevice: 'write_bps',
    throttleReadIOPSDevice: 'read_iops',
    throttleWriteIOPSDevice: 'write_iops',
  } as const;
  for (const [member, kind] of Object.entries(throttles) as [keyof typeof throttles, string][])
    for (const [index, { major, minor, rate }] of (io[member] ?? []).entries())
      plan.write('blkio', `blkio.throttle.${kind}_device`, `${major}:${minor} ${rate}`, `blockIO.${member}[${index}]`);
}

function planHugepages(plan: V1Plan, { hugepageLimits = [] }: LinuxResources): void {
  for (const [index, { pageSize, limit }] of hugepageLimits.entries()) {
    const field = `hugepageLimits[${index}]`;
    plan.write('hugetlb', `hugetlb.${pageSize}.limit_in_bytes`, String(limit), field);
    plan.write('hugetlb', `hugetlb.${pageSize}.rsvd.limit_in_bytes`, String(limit), field, { optional: true });
  }
}

function planNetwork(plan: V1Plan, { classID = 0, priorities = [] }: LinuxNetwork): void {
  if (classID !== 0) plan.write('net_cls', 'net_cls.classid', String(classID), 'network.classID');
  for (const [index, { name, priority }] of priorities.entries())
    plan.write('net_prio', 'net_prio.ifpriomap', `${name} ${priority}`, `network.priorities[${index}]`);
}
