/**
 * The counters of cgroup v2 (kernel Documentation/admin-guide/cgroup-v2.rst, accounting/psi.rst). Shape: containerd's
 * `io.containerd.cgroups.v2.Metrics`. What the kernel or the delegation lacks is 0, empty or `undefined`.
 */
import { join } from 'node:path';
import { readCgroupFile, readCount, readFlatKeyed, readRdmaEntries, type RdmaEntry } from './cgroup-file.ts';
import { hugePageSizes } from './cgroup-stats-v1.ts';
import type { NetworkStat } from './network-stat.ts';

export interface CgroupV2Stats {
  pids: { current: bigint; limit: bigint } | undefined;
  cpu: CpuStat | undefined;
  memory: MemoryStat | undefined;
  rdma: { current: RdmaEntry[]; limit: RdmaEntry[] } | undefined;
  io: { usage: IoEntry[]; psi: PressureStats | undefined } | undefined;
  hugetlb: HugetlbStat[];
  memoryEvents: MemoryEvents | undefined;
  network: NetworkStat[];
}

/** Per cent of time stalled over 10, 60, 300 seconds; `total` in microseconds. */
export interface Pressure {
  avg10: number;
  avg60: number;
  avg300: number;
  total: bigint;
}

export interface PressureStats {
  some: Pressure | undefined;
  full: Pressure | undefined;
}

export interface CpuStat {
  usageUsec: bigint;
  userUsec: bigint;
  systemUsec: bigint;
  nrPeriods: bigint;
  nrThrottled: bigint;
  throttledUsec: bigint;
  psi: PressureStats | undefined;
  nrBursts: bigint;
  burstUsec: bigint;
}

const memoryStatKeys = {
  anon: 'anon',
  file: 'file',
  kernelStack: 'kernel_stack',
  slab: 'slab',
  sock: 'sock',
  shmem: 'shmem',
  fileMapped: 'file_mapped',
  fileDirty: 'file_dirty',
  fileWriteback: 'file_writeback',
  anonThp: 'anon_thp',
  inactiveAnon: 'inactive_anon',
  activeAnon: 'active_anon',
  inactiveFile: 'inactive_file',
  activeFile: 'active_file',
  unevictable: 'unevictable',
  slabReclaimable: 'slab_reclaimable',
  slabUnreclaimable: 'slab_unreclaimable',
  pgfault: 'pgfault',
  pgmajfault: 'pgmajfault',
  workingsetRefault: 'workingset_refault',
  workingsetActivate: 'workingset_activate',
  workingsetNodereclaim: 'workingset_nodereclaim',
  pgrefill: 'pgrefill',
  pgscan: 'pgscan',
  pgsteal: 'pgsteal',
  pgactivate: 'pgactivate',
  pgdeactivate: 'pgdeactivate',
  pglazyfree: 'pglazyfree',
  pglazyfreed: 'pglazyfreed',
  thpFaultAlloc: 'thp_fault_alloc',
  thpCollapseAlloc: 'thp_collapse_alloc',
  workingsetRefaultAnon: 'workingset_refault_anon',
  workingsetRefaultFile: 'workingset_refault_file',
  workingsetActivateAnon: 'workingset_activate_anon',
  workingsetActivateFile: 'workingset_activate_file',
} as const;

const memoryFileKeys = {
  usage: 'memory.current',
  usageLimit: 'memory.max',
  swapUsage: 'memory.swap.current',
  swapLimit: 'memory.swap.max',
  maxUsage: 'memory.peak',
  swapMaxUsage: 'memory.swap.peak',
} as const;

/** Bytes and events. Limits that are `max` are 2^64-1. */
export interface MemoryStat extends Record<keyof typeof memoryStatKeys | keyof typeof memoryFileKeys, bigint> {
  psi: PressureStats | undefined;
}

export interface MemoryEvents {
  low: bigint;
  high: bigint;
  max: bigint;
  oom: bigint;
  oomKill: bigint;
  oomGroupKill: bigint;
}

export interface IoEntry {
  major: bigint;
  minor: bigint;
  rbytes: bigint;
  wbytes: bigint;
  rios: bigint;
  wios: bigint;
}

export interface HugetlbStat {
  current: bigint;
  max: bigint;
  pagesize: string;
  failcnt: bigint;
}

/** Reads all of it from one cgroup's directory. */
export function readCgroupV2Stats(directory: string): CgroupV2Stats {
  const rdma = readRdmaEntries(join(directory, 'rdma.current'));
  return {
    pids: readPids(directory),
    cpu: readCpu(directory),
    memory: readMemory(directory),
    rdma: { current: rdma, limit: readRdmaEntries(join(directory, 'rdma.max')) },
    io: { usage: parseIoStat(readCgroupFile(join(directory, 'io.stat')) ?? ''), psi: readPressure(directory, 'io') },
    hugetlb: readHugetlb(directory),
    memoryEvents: readMemoryEvents(directory),
    network: [],
  };
}

function readPids(directory: string): CgroupV2Stats['pids'] {
  const current = readCount(join(directory, 'pids.current'));
  if (current === undefined) return undefined;
  return { current, limit: readCount(join(directory, 'pids.max')) ?? 0n };
}

function readCpu(directory: string): CpuStat | undefined {
  const values = readFlatKeyed(join(directory, 'cpu.stat'));
  if (values === undefined) return undefined;
  const value = (key: string): bigint => values.get(key) ?? 0n;
  return {
    usageUsec: value('usage_usec'),
    userUsec: value('user_usec'),
    systemUsec: value('system_usec'),
    nrPeriods: value('nr_periods'),
    nrThrottled: value('nr_throttled'),
    throttledUsec: value('throttled_usec'),
    psi: readPressure(directory, 'cpu'),
    nrBursts: value('nr_bursts'),
    burstUsec: value('burst_usec'),
  };
}

function readMemory(directory: string): MemoryStat | undefined {
  const counters = readFlatKeyed(join(directory, 'memory.stat'));
  if (counters === undefined) return undefined;
  const stat: Record<string, bigint> = {};
  for (const [name, key] of Object.entries(memoryStatKeys)) stat[name] = counters.get(key) ?? 0n;
  for (const [name, file] of Object.entries(memoryFileKeys)) stat[name] = readCount(join(directory, file)) ?? 0n;
  return { ...(stat as Omit<MemoryStat, 'psi'>), psi: readPressure(directory, 'memory') };
}

function readMemoryEvents(directory: string): MemoryEvents | undefined {
  const values = readFlatKeyed(join(directory, 'memory.events'));
  if (values === undefined) return undefined;
  const value = (key: string): bigint => values.get(key) ?? 0n;
  return {
    low: value('low'),
    high: value('high'),
    max: value('max'),
    oom: value('oom'),
    oomKill: value('oom_kill'),
    oomGroupKill: value('oom_group_kill'),
  };
}

/** Lines of `8:0 rbytes=1459200 wbytes=0 rios=4 wios=0 dbytes=0 dios=0`. */
export function parseIoStat(text: string): IoEntry[] {
  const entries: IoEntry[] = [];
  for (const line of text.split('\n')) {
    const match = /^(\d+):(\d+) (.*)$/.exec(line);
    if (match === null) continue;
    const [, major = '0', minor = '0', pairs = ''] = match;
    const count = (key: string): bigint => BigInt(new RegExp(`(?:^| )${key}=(\\d+)`).exec(pairs)?.[1] ?? '0');
    entries.push({
      major: BigInt(major),
      minor: BigInt(minor),
      rbytes: count('rbytes'),
      wbytes: count('wbytes'),
      rios: count('rios'),
      wios: count('wios'),
    });
  }
  return entries;
}

function readHugetlb(directory: string): HugetlbStat[] {
  const stats: HugetlbStat[] = [];
  for (const pagesize of hugePageSizes()) {
    const prefix = join(directory, `hugetlb.${pagesize}`);
    const current = readCount(`${prefix}.current`);
    if (current === undefined) continue;
    const failcnt = readFlatKeyed(`${prefix}.events`)?.get('max') ?? 0n;
    stats.push({ current, max: readCount(`${prefix}.max`) ?? 0n, pagesize, failcnt });
  }
  return stats;
}

/** `some avg10=0.00 avg60=0.00 avg300=0.00 total=0`, and the same for `full`. */
export function parsePressure(text: string): PressureStats {
  const line = (kind: string): Pressure | undefined => {
    const match = new RegExp(`^${kind} avg10=([\\d.]+) avg60=([\\d.]+) avg300=([\\d.]+) total=(\\d+)$`, 'm').exec(text);
    if (match === null) return undefined;
    const [, avg10, avg60, avg300, total = '0'] = match;
    return { avg10: Number(avg10), avg60: Number(avg60), avg300: Number(avg300), total: BigInt(total) };
  };
  return { some: line('some'), full: line('full') };
}

function readPressure(directory: string, resource: 'cpu' | 'memory' | 'io'): PressureStats | undefined {
  const text = readCgroupFile(join(directory, `${resource}.pressure`));
  return text === undefined ? undefined : parsePressure(text);
}
