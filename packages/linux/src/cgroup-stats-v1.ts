/**
 * The counters of cgroup v1 (kernel Documentation/admin-guide/cgroup-v1: memory, cpuacct, blkio-controller, hugetlb, pids). Shape:
 * containerd's `io.containerd.cgroups.v1.Metrics`. A hierarchy that is not mounted, or a file that the kernel lacks, leaves its
 * part `undefined` or empty.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readCgroupFile, readCount, readFlatKeyed, readRdmaEntries, type RdmaEntry } from './cgroup-file.ts';
import type { NetworkStat } from './network-stat.ts';

export interface CgroupV1Stats {
  hugetlb: HugetlbStat[];
  pids: { current: bigint; limit: bigint } | undefined;
  cpu: CpuStat | undefined;
  memory: MemoryStat | undefined;
  blkio: BlkIoStat | undefined;
  rdma: { current: RdmaEntry[]; limit: RdmaEntry[] } | undefined;
  network: NetworkStat[];
  /** Task states (taskstats netlink): not read. */
  cgroupStats: undefined;
  memoryOomControl: { oomKillDisable: bigint; underOom: bigint; oomKill: bigint } | undefined;
}

export interface HugetlbStat {
  usage: bigint;
  max: bigint;
  failcnt: bigint;
  pagesize: string;
}

/** Nanoseconds. */
export interface CpuStat {
  usage: { total: bigint; kernel: bigint; user: bigint; perCpu: bigint[] };
  throttling: { periods: bigint; throttledPeriods: bigint; throttledTime: bigint };
}

export interface MemoryEntry {
  limit: bigint;
  usage: bigint;
  max: bigint;
  failcnt: bigint;
}

const memoryStatKeys = {
  cache: 'cache',
  rss: 'rss',
  rssHuge: 'rss_huge',
  mappedFile: 'mapped_file',
  dirty: 'dirty',
  writeback: 'writeback',
  pgPgIn: 'pgpgin',
  pgPgOut: 'pgpgout',
  pgFault: 'pgfault',
  pgMajFault: 'pgmajfault',
  inactiveAnon: 'inactive_anon',
  activeAnon: 'active_anon',
  inactiveFile: 'inactive_file',
  activeFile: 'active_file',
  unevictable: 'unevictable',
  hierarchicalMemoryLimit: 'hierarchical_memory_limit',
  hierarchicalSwapLimit: 'hierarchical_memsw_limit',
  totalCache: 'total_cache',
  totalRss: 'total_rss',
  totalRssHuge: 'total_rss_huge',
  totalMappedFile: 'total_mapped_file',
  totalDirty: 'total_dirty',
  totalWriteback: 'total_writeback',
  totalPgPgIn: 'total_pgpgin',
  totalPgPgOut: 'total_pgpgout',
  totalPgFault: 'total_pgfault',
  totalPgMajFault: 'total_pgmajfault',
  totalInactiveAnon: 'total_inactive_anon',
  totalActiveAnon: 'total_active_anon',
  totalInactiveFile: 'total_inactive_file',
  totalActiveFile: 'total_active_file',
  totalUnevictable: 'total_unevictable',
} as const;

export interface MemoryStat extends Record<keyof typeof memoryStatKeys, bigint> {
  usage: MemoryEntry;
  /** Memory and swap together. */
  swap: MemoryEntry;
  kernel: MemoryEntry;
  kernelTcp: MemoryEntry;
}

export interface BlkIoEntry {
  op: string;
  /** Path of the block device; empty if it has none. */
  device: string;
  major: bigint;
  minor: bigint;
  value: bigint;
}

const blkioFiles = {
  ioServiceBytesRecursive: 'io_service_bytes_recursive',
  ioServicedRecursive: 'io_serviced_recursive',
  ioQueuedRecursive: 'io_queued_recursive',
  ioServiceTimeRecursive: 'io_service_time_recursive',
  ioWaitTimeRecursive: 'io_wait_time_recursive',
  ioMergedRecursive: 'io_merged_recursive',
  ioTimeRecursive: 'time_recursive',
  sectorsRecursive: 'sectors_recursive',
} as const;

export type BlkIoStat = Record<keyof typeof blkioFiles, BlkIoEntry[]>;

/** Reads all of it. `paths`: subsystem → absolute directory, as state.json of a runtime has it. */
export function readCgroupV1Stats(paths: Readonly<Record<string, string>>): CgroupV1Stats {
  const read = <T>(subsystem: string, reader: (directory: string) => T): T | undefined => {
    const directory = paths[subsystem];
    return directory === undefined ? undefined : reader(directory);
  };
  return {
    hugetlb: read('hugetlb', readHugetlb) ?? [],
    pids: read('pids', readPids),
    cpu: readCpu(paths),
    memory: read('memory', readMemory),
    blkio: read('blkio', readBlkIo),
    rdma: read('rdma', readRdma),
    network: [],
    cgroupStats: undefined,
    memoryOomControl: read('memory', readOomControl),
  };
}

function readPids(directory: string): CgroupV1Stats['pids'] {
  const current = readCount(join(directory, 'pids.current'));
  if (current === undefined) return undefined;
  return { current, limit: readCount(join(directory, 'pids.max')) ?? 0n };
}

/** USER_HZ, the unit of cpuacct.stat: 100 on every architecture that Linux user space sees (time(7)). */
const nanosecondsPerTick = 10_000_000n;

function readCpu(paths: Readonly<Record<string, string>>): CpuStat | undefined {
  const { cpu, cpuacct } = paths;
  const total = cpuacct === undefined ? undefined : readCount(join(cpuacct, 'cpuacct.usage'));
  const throttling = cpu === undefined ? undefined : readFlatKeyed(join(cpu, 'cpu.stat'));
  if (total === undefined && throttling === undefined) return undefined;
  const ticks = cpuacct === undefined ? undefined : readFlatKeyed(join(cpuacct, 'cpuacct.stat'));
  const perCpu = cpuacct === undefined ? undefined : readCgroupFile(join(cpuacct, 'cpuacct.usage_percpu'));
  return {
    usage: {
      total: total ?? 0n,
      kernel: (ticks?.get('system') ?? 0n) * nanosecondsPerTick,
      user: (ticks?.get('user') ?? 0n) * nanosecondsPerTick,
      perCpu: (perCpu ?? '').split(/\s+/).flatMap((word) => (word === '' ? [] : [BigInt(word)])),
    },
    throttling: {
      periods: throttling?.get('nr_periods') ?? 0n,
      throttledPeriods: throttling?.get('nr_throttled') ?? 0n,
      throttledTime: throttling?.get('throttled_time') ?? 0n,
    },
  };
}

function readMemoryEntry(directory: string, kind: '' | '.memsw' | '.kmem' | '.kmem.tcp'): MemoryEntry {
  const value = (name: string): bigint => readCount(join(directory, `memory${kind}.${name}`)) ?? 0n;
  return {
    limit: value('limit_in_bytes'),
    usage: value('usage_in_bytes'),
    max: value('max_usage_in_bytes'),
    failcnt: value('failcnt'),
  };
}

function readMemory(directory: string): MemoryStat | undefined {
  const counters = readFlatKeyed(join(directory, 'memory.stat'));
  if (counters === undefined) return undefined;
  const stat: Partial<Record<keyof typeof memoryStatKeys, bigint>> = {};
  for (const [name, key] of Object.entries(memoryStatKeys) as [keyof typeof memoryStatKeys, string][])
    stat[name] = counters.get(key) ?? 0n;
  return {
    ...(stat as Record<keyof typeof memoryStatKeys, bigint>),
    usage: readMemoryEntry(directory, ''),
    swap: readMemoryEntry(directory, '.memsw'),
    kernel: readMemoryEntry(directory, '.kmem'),
    kernelTcp: readMemoryEntry(directory, '.kmem.tcp'),
  };
}

function readOomControl(directory: string): CgroupV1Stats['memoryOomControl'] {
  const values = readFlatKeyed(join(directory, 'memory.oom_control'));
  if (values === undefined) return undefined;
  return {
    oomKillDisable: values.get('oom_kill_disable') ?? 0n,
    underOom: values.get('under_oom') ?? 0n,
    oomKill: values.get('oom_kill') ?? 0n,
  };
}

/** /proc/partitions: `major:minor` → path. */
function blockDevices(): Map<string, string> {
  const devices = new Map<string, string>();
  for (const line of readFileSync('/proc/partitions', 'utf8').split('\n')) {
    const match = /^\s*(\d+)\s+(\d+)\s+\d+\s+(\S+)$/.exec(line);
    if (match !== null) devices.set(`${match[1]}:${match[2]}`, `/dev/${match[3]}`);
  }
  return devices;
}

/** Lines of `8:0 Read 1282048`, or `8:0 6792` without an operation; the closing total is left out. */
export function parseBlkIoLines(text: string, devices: ReadonlyMap<string, string>): BlkIoEntry[] {
  const entries: BlkIoEntry[] = [];
  for (const line of text.split('\n')) {
    const match = /^(\d+):(\d+)(?: (\w+))? (\d+)$/.exec(line);
    if (match === null) continue;
    const [, major = '0', minor = '0', op = '', value = '0'] = match;
    entries.push({
      op,
      device: devices.get(`${major}:${minor}`) ?? '',
      major: BigInt(major),
      minor: BigInt(minor),
      value: BigInt(value),
    });
  }
  return entries;
}

/** Which files count depends on the I/O scheduler: BFQ's and CFQ's if they have seen anything, else the throttler's. */
function readBlkIo(directory: string): BlkIoStat | undefined {
  const devices = blockDevices();
  const entriesOf = (file: string): BlkIoEntry[] =>
    parseBlkIoLines(readCgroupFile(join(directory, file)) ?? '', devices);
  const names = Object.entries(blkioFiles) as [keyof BlkIoStat, string][];
  for (const scheduler of ['blkio.bfq.', 'blkio.']) {
    const stat = Object.fromEntries(names.map(([name, file]) => [name, entriesOf(scheduler + file)])) as BlkIoStat;
    if (Object.values(stat).some((entries) => entries.length > 0)) return stat;
  }
  const throttle = Object.fromEntries(names.map(([name]) => [name, []])) as unknown as BlkIoStat;
  throttle.ioServicedRecursive = entriesOf('blkio.throttle.io_serviced_recursive');
  throttle.ioServiceBytesRecursive = entriesOf('blkio.throttle.io_service_bytes_recursive');
  return throttle;
}

function readHugetlb(directory: string): HugetlbStat[] {
  const stats: HugetlbStat[] = [];
  for (const pagesize of hugePageSizes()) {
    const prefix = join(directory, `hugetlb.${pagesize}`);
    const usage = readCount(`${prefix}.usage_in_bytes`);
    if (usage === undefined) continue;
    const max = readCount(`${prefix}.max_usage_in_bytes`) ?? 0n;
    stats.push({ usage, max, failcnt: readCount(`${prefix}.failcnt`) ?? 0n, pagesize });
  }
  return stats;
}

function readRdma(directory: string): CgroupV1Stats['rdma'] {
  return {
    current: readRdmaEntries(join(directory, 'rdma.current')),
    limit: readRdmaEntries(join(directory, 'rdma.max')),
  };
}

/** The host's huge page sizes as the hugetlb controller spells them (`2MB`, `1GB`). */
export function hugePageSizes(root = '/sys/kernel/mm/hugepages'): string[] {
  let names: string[];
  try {
    names = readdirSync(root);
  } catch {
    return [];
  }
  return names.flatMap((name) => {
    const match = /^hugepages-(\d+)kB$/.exec(name);
    if (match === null) return [];
    const size = Number(match[1]);
    if (size >= 1 << 20) return [`${size >> 20}GB`];
    return [size >= 1 << 10 ? `${size >> 10}MB` : `${size}KB`];
  });
}
