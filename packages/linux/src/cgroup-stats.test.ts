import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseCount, parseFlatKeyed, readRdmaEntries, unlimited } from './cgroup-file.ts';
import { hugePageSizes, parseBlkIoLines, readCgroupV1Stats } from './cgroup-stats-v1.ts';
import { parseIoStat, parsePressure, readCgroupV2Stats } from './cgroup-stats-v2.ts';

const root = mkdtempSync(join(tmpdir(), 'docker-ts-cgroup-'));
afterAll(() => rmSync(root, { recursive: true }));

/** A directory that looks like a cgroup with these files. */
function cgroup(files: Readonly<Record<string, string>>): string {
  const directory = mkdtempSync(join(root, 'c-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  return directory;
}

test('parseCount reads numbers, max, and negative counters as 0', () => {
  expect(parseCount('42\n')).toBe(42n);
  expect(parseCount('max\n')).toBe(unlimited);
  expect(parseCount('-7')).toBe(0n);
  expect(parseCount('')).toBeUndefined();
  expect(parseFlatKeyed('a 1\nb x\n\nc -3\n')).toEqual(
    new Map([
      ['a', 1n],
      ['c', 0n],
    ]),
  );
});

test('readCgroupV1Stats reads what is there and leaves out the rest', () => {
  const stats = readCgroupV1Stats({
    cpu: cgroup({ 'cpu.stat': 'nr_periods 5\nnr_throttled 2\nthrottled_time 900\n' }),
    cpuacct: cgroup({
      'cpuacct.usage': '1000\n',
      'cpuacct.stat': 'user 3\nsystem 4\n',
      'cpuacct.usage_percpu': '600 400 \n',
    }),
    memory: cgroup({
      'memory.stat': 'cache 10\nrss 20\ntotal_rss 30\nhierarchical_memory_limit 9223372036854771712\n',
      'memory.usage_in_bytes': '4096\n',
      'memory.limit_in_bytes': '9223372036854771712\n',
      'memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill 3\n',
    }),
    pids: cgroup({ 'pids.current': '7\n', 'pids.max': 'max\n' }),
    freezer: '/nowhere',
  });
  expect(stats.cpu).toEqual({
    usage: { total: 1000n, kernel: 40_000_000n, user: 30_000_000n, perCpu: [600n, 400n] },
    throttling: { periods: 5n, throttledPeriods: 2n, throttledTime: 900n },
  });
  expect(stats.memory).toMatchObject({
    cache: 10n,
    rss: 20n,
    totalRss: 30n,
    dirty: 0n,
    usage: { usage: 4096n, limit: 9_223_372_036_854_771_712n, max: 0n, failcnt: 0n },
  });
  expect(stats.memoryOomControl?.oomKill).toBe(3n);
  expect(stats.pids).toEqual({ current: 7n, limit: unlimited });
  expect(stats.blkio).toBeUndefined();
});

test('readCgroupV1Stats fails for nothing, whatever is missing', () => {
  expect(readCgroupV1Stats({})).toMatchObject({ cpu: undefined, memory: undefined, hugetlb: [] });
  expect(readCgroupV1Stats({ memory: '/gone', pids: '/gone', cpu: '/gone', blkio: '/gone' })).toMatchObject({
    cpu: undefined,
    memory: undefined,
    pids: undefined,
  });
});

test('parseBlkIoLines names devices and leaves out totals', () => {
  const text = '8:0 Read 12\n8:0 Total 12\nTotal 12\n8:16 99\n';
  expect(parseBlkIoLines(text, new Map([['8:0', '/dev/sda']]))).toEqual([
    { op: 'Read', device: '/dev/sda', major: 8n, minor: 0n, value: 12n },
    { op: 'Total', device: '/dev/sda', major: 8n, minor: 0n, value: 12n },
    { op: '', device: '', major: 8n, minor: 16n, value: 99n },
  ]);
});

test('readCgroupV2Stats reads counters, limits, events and pressure', () => {
  const stats = readCgroupV2Stats(
    cgroup({
      'cpu.stat': 'usage_usec 100\nuser_usec 60\nsystem_usec 40\nnr_periods 1\n',
      'cpu.pressure':
        'some avg10=1.50 avg60=0.00 avg300=0.00 total=42\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=7\n',
      'memory.stat': 'anon 5\nfile 6\n',
      'memory.current': '4096\n',
      'memory.max': 'max\n',
      'memory.events': 'low 0\nhigh 0\nmax 3\noom 2\noom_kill 1\n',
      'pids.current': '3\n',
      'pids.max': '10\n',
      'io.stat': '8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0\n',
    }),
  );
  expect(stats.cpu).toMatchObject({ usageUsec: 100n, nrThrottled: 0n });
  expect(stats.cpu?.psi?.some).toEqual({ avg10: 1.5, avg60: 0, avg300: 0, total: 42n });
  expect(stats.memory).toMatchObject({ anon: 5n, usage: 4096n, usageLimit: unlimited, swapUsage: 0n, psi: undefined });
  expect(stats.memoryEvents).toMatchObject({ max: 3n, oomKill: 1n });
  expect(stats.io?.usage).toEqual([{ major: 8n, minor: 0n, rbytes: 1n, wbytes: 2n, rios: 3n, wios: 4n }]);
  expect(stats.pids).toEqual({ current: 3n, limit: 10n });
});

test('readCgroupV2Stats of a cgroup that is gone is empty', () => {
  expect(readCgroupV2Stats('/gone')).toMatchObject({ cpu: undefined, memory: undefined, pids: undefined, hugetlb: [] });
});

test('parseIoStat and parsePressure take what they do not know as absent', () => {
  expect(parseIoStat('odd line\n8:0 rbytes=5\n')).toEqual([
    { major: 8n, minor: 0n, rbytes: 5n, wbytes: 0n, rios: 0n, wios: 0n },
  ]);
  expect(parsePressure('some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n').full).toBeUndefined();
});

test('readRdmaEntries reads limits without an end', () => {
  const directory = cgroup({ 'rdma.max': 'mlx4_0 hca_handle=2 hca_object=max\n' });
  expect(readRdmaEntries(join(directory, 'rdma.max'))).toEqual([
    { device: 'mlx4_0', hcaHandles: 2, hcaObjects: 4_294_967_295 },
  ]);
});

test('hugePageSizes spells sizes as the control files do', () => {
  const directory = cgroup({ 'hugepages-2048kB': '', 'hugepages-1048576kB': '', 'hugepages-64kB': '', other: '' });
  expect(hugePageSizes(directory).sort()).toEqual(['1GB', '2MB', '64KB']);
  expect(hugePageSizes('/gone')).toEqual([]);
});
