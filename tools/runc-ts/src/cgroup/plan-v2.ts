/**
 * Limits as writes to cgroup v2's control files (kernel Documentation/admin-guide/cgroup-v2.rst). config.json speaks v1: values are
 * converted, and what v2 has no word for (swappiness, real time, network classes) is left out, as runc does. Device rules become an
 * eBPF program.
 */
import { join } from 'node:path';
import { failedPrecondition, invalidArgument } from '@docker-ts/base/errors';
import { parseCount } from '@docker-ts/linux/cgroup-file';
import type { LinuxBlockIo, LinuxCpu, LinuxMemory, LinuxResources } from '@docker-ts/oci/runtime-spec';
import { compileDeviceFilter } from './device-bpf.ts';
import type { DeviceRules } from './device-rules.ts';
import { cpuWeight, ioWeight, memoryMax, pidsMax, rdmaLine, setValue, swapMax } from './resource-values.ts';
import type { CgroupFacts, CgroupWrite } from './write-plan.ts';

type WriteOptions = Pick<CgroupWrite, 'optional' | 'deferrable'>;

class V2Plan {
  readonly writes: CgroupWrite[] = [];
  readonly facts: CgroupFacts;
  readonly directory: string;

  constructor(directory: string, facts: CgroupFacts) {
    this.directory = directory;
    this.facts = facts;
  }

  read(name: string): string | undefined {
    return this.facts.read(join(this.directory, name));
  }

  write(name: string, value: bigint | string | undefined, field: string, options: WriteOptions = {}): void {
    if (value === undefined) return;
    const file = join(this.directory, name);
    this.writes.push({ file, value: String(value), field: `linux.resources.${field}`, ...options });
  }
}

/** `devices`: the complete rules; undefined: leave devices alone. */
export function planV2(
  resources: LinuxResources,
  directory: string,
  facts: CgroupFacts,
  devices: DeviceRules | undefined,
): CgroupWrite[] {
  const plan = new V2Plan(directory, facts);
  plan.write('pids.max', pidsMax(resources.pids ?? {}), 'pids.limit');
  planMemory(plan, resources.memory ?? {});
  planIo(plan, resources.blockIO ?? {});
  planCpu(plan, resources.cpu ?? {});
  if (devices !== undefined) planDevices(plan, devices);
  plan.write('cpuset.cpus', resources.cpu?.cpus || undefined, 'cpu.cpus');
  plan.write('cpuset.mems', resources.cpu?.mems || undefined, 'cpu.mems');
  for (const [index, { pageSize, limit }] of (resources.hugepageLimits ?? []).entries()) {
    plan.write(`hugetlb.${pageSize}.max`, String(limit), `hugepageLimits[${index}]`);
    plan.write(`hugetlb.${pageSize}.rsvd.max`, String(limit), `hugepageLimits[${index}]`, { optional: true });
  }
  for (const [device, limits] of Object.entries(resources.rdma ?? {}))
    plan.write('rdma.max', rdmaLine(device, limits), `rdma.${device}`);
  planUnified(plan, resources.unified ?? {});
  requireControllers(plan);
  return plan.writes;
}

function planMemory(plan: V2Plan, memory: LinuxMemory): void {
  const limit = setValue(memory.limit);
  if (memory.checkBeforeUpdate === true) refuseBelowUsage(plan, limit, setValue(memory.swap));
  const swap = swapMax(memory);
  // A kernel without swap accounting has no such file; "no limit" and "no swap" are then true anyhow.
  plan.write('memory.swap.max', swap, 'memory.swap', swap === 'max' || swap === '0' ? { optional: true } : {});
  plan.write('memory.max', limit === undefined ? undefined : memoryMax(limit), 'memory.limit');
  const reservation = setValue(memory.reservation);
  plan.write('memory.low', reservation === undefined ? undefined : memoryMax(reservation), 'memory.reservation');
}

/** v2 takes a limit below what is in use, and then kills until it fits. */
function refuseBelowUsage(plan: V2Plan, limit: bigint | undefined, swap: bigint | undefined): void {
  const usage = parseCount(plan.read('memory.current'));
  if (usage === undefined) return;
  for (const [name, value] of [
    ['memory+swap', swap],
    ['memory', limit],
  ] as const)
    if (value !== undefined && value > 0n && value <= usage)
      throw invalidArgument(`cannot set ${name} limit ${value}: ${usage} bytes are in use`);
}

function planCpu(plan: V2Plan, cpu: LinuxCpu): void {
  plan.write('cpu.idle', cpu.idle === undefined ? undefined : BigInt(cpu.idle), 'cpu.idle');
  const shares = setValue(cpu.shares);
  plan.write('cpu.weight', shares === undefined ? undefined : cpuWeight(shares), 'cpu.shares');
  const [quota, period] = [setValue(cpu.quota), setValue(cpu.period)];
  const burst = cpu.burst === undefined ? undefined : BigInt(cpu.burst);
  plan.write('cpu.max.burst', burst, 'cpu.burst', quota === undefined ? {} : { deferrable: true });
  if (quota === undefined && period === undefined) return;
  const runtime = quota !== undefined && quota > 0n ? String(quota) : 'max';
  plan.write('cpu.max', `${runtime} ${period ?? 100_000n}`, quota === undefined ? 'cpu.period' : 'cpu.quota');
}

function planIo(plan: V2Plan, io: LinuxBlockIo): void {
  const { weight = 0, weightDevice = [] } = io;
  const bfq = weight !== 0 || weightDevice.length > 0 ? plan.read('io.bfq.weight') : undefined;
  if (weight !== 0 && bfq !== undefined) plan.write('io.bfq.weight', String(weight), 'blockIO.weight');
  else if (weight !== 0) plan.write('io.weight', ioWeight(weight), 'blockIO.weight');
  // Before Linux 5.4 BFQ had one weight and no devices: its file shows a bare number.
  if (bfq !== undefined && !/^\d+\s*$/.test(bfq))
    for (const [index, device] of weightDevice.entries()) {
      const line = `${device.major}:${device.minor} ${device.weight ?? 0}`;
      plan.write('io.bfq.weight', line, `blockIO.weightDevice[${index}]`);
    }
  const throttles = {
    throttleReadBpsDevice: 'rbps',
    throttleWriteBpsDevice: 'wbps',
    throttleReadIOPSDevice: 'riops',
    throttleWriteIOPSDevice: 'wiops',
  } as const;
  for (const [member, key] of Object.entries(throttles) as [keyof typeof throttles, string][])
    for (const [index, { major, minor, rate }] of (io[member] ?? []).entries())
      plan.write('io.max', `${major}:${minor} ${key}=${rate}`, `blockIO.${member}[${index}]`);
}

function planDevices(plan: V2Plan, devices: DeviceRules): void {
  const deviceFilter = compileDeviceFilter(devices);
  const exceptions = devices.exceptions().length;
  plan.writes.push({
    file: plan.directory,
    value: `device filter: ${devices.allowByDefault ? 'allow' : 'deny'} all but ${exceptions} exceptions`,
    field: 'linux.resources.devices',
    deviceFilter,
  });
}

function planUnified(plan: V2Plan, unified: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(unified)) {
    if (name.includes('/') || !name.includes('.'))
      throw invalidArgument(`cannot set linux.resources.unified: "${name}" is not of the form CONTROLLER.PARAMETER`);
    plan.write(name, value, `unified.${name}`);
  }
}

/** Tells of a controller that is not delegated to this cgroup, where a write would only say that there is no such file. */
function requireControllers(plan: V2Plan): void {
  const text = plan.read('cgroup.controllers');
  if (text === undefined) return;
  const available = new Set([...text.trim().split(' '), 'cgroup']);
  for (const { file, field, optional, deviceFilter } of plan.writes) {
    if (optional === true || deviceFilter !== undefined) continue;
    const controller = file.slice(plan.directory.length + 1).split('.', 1)[0] ?? '';
    if (!available.has(controller))
      throw failedPrecondition(
        `cannot set ${field}: cgroup controller "${controller}" is not available in ${plan.directory}`,
      );
  }
}
