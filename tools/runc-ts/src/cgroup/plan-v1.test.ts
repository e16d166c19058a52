import { expect, test } from 'bun:test';
import type { LinuxResources } from '@docker-ts/oci/runtime-spec';
import { DeviceRules } from './device-rules.ts';
import { planV1 } from './plan-v1.ts';

const controllers = ['cpuset', 'devices', 'memory', 'cpu', 'pids', 'blkio', 'hugetlb', 'net_cls', 'net_prio', 'rdma'];
const allPaths = Object.fromEntries(controllers.map((name) => [name, `/cg/${name}`]));

/** The plan as lines of `file value`, on a host whose control files hold `files`. */
function plan(resources: LinuxResources, files: Readonly<Record<string, string>> = {}, paths = allPaths): string[] {
  const writes = planV1(resources, paths, { read: (file) => files[file] }, undefined);
  return writes.map(({ file, value }) => `${file.replace('/cg/', '')} ${value}`);
}

test('planV1 of nothing writes nothing', () => {
  expect(plan({})).toEqual([]);
  expect(plan({ memory: { limit: 0, swap: 0 }, cpu: { shares: 0, quota: 0, cpus: '' } })).toEqual([]);
});

test('planV1 writes every limit, in order', () => {
  const resources: LinuxResources = {
    memory: { limit: 1000, swap: 2000, reservation: 500, swappiness: 0, disableOOMKiller: true, kernel: 5 },
    cpu: {
      shares: 512,
      quota: 50_000,
      period: 100_000,
      burst: 0,
      idle: 1,
      cpus: '0-1',
      mems: '0',
      realtimePeriod: 7,
      realtimeRuntime: 6,
    },
    pids: { limit: 20 },
    blockIO: {
      weight: 500,
      leafWeight: 300,
      weightDevice: [{ major: 8, minor: 0, weight: 200, leafWeight: 100 }],
      throttleReadBpsDevice: [{ major: 8, minor: 0, rate: 2n ** 63n }],
      throttleWriteIOPSDevice: [{ major: 8, minor: 16, rate: 10 }],
    },
    hugepageLimits: [{ pageSize: '2MB', limit: 4 }],
    network: { classID: 1_048_577, priorities: [{ name: 'eth0', priority: 5 }] },
    rdma: { mlx: { hcaHandles: 3 } },
  };
  expect(plan(resources)).toEqual([
    'cpuset/cpuset.cpus 0-1',
    'cpuset/cpuset.mems 0',
    'memory/memory.limit_in_bytes 1000',
    'memory/memory.memsw.limit_in_bytes 2000',
    'memory/memory.soft_limit_in_bytes 500',
    'memory/memory.oom_control 1',
    'memory/memory.swappiness 0',
    'cpu/cpu.shares 512',
    'cpu/cpu.cfs_period_us 100000',
    'cpu/cpu.cfs_burst_us 0',
    'cpu/cpu.cfs_quota_us 50000',
    'cpu/cpu.idle 1',
    'cpu/cpu.rt_period_us 7',
    'cpu/cpu.rt_runtime_us 6',
    'pids/pids.max 20',
    'blkio/blkio.bfq.weight 500',
    'blkio/blkio.leaf_weight 300',
    'blkio/blkio.bfq.weight_device 8:0 200',
    'blkio/blkio.leaf_weight_device 8:0 100',
    'blkio/blkio.throttle.read_bps_device 8:0 9223372036854775808',
    'blkio/blkio.throttle.write_iops_device 8:16 10',
    'hugetlb/hugetlb.2MB.limit_in_bytes 4',
    'hugetlb/hugetlb.2MB.rsvd.limit_in_bytes 4',
    'net_cls/net_cls.classid 1048577',
    'net_prio/net_prio.ifpriomap eth0 5',
    'rdma/rdma.max mlx hca_handle=3',
  ]);
});

test('planV1 raises memory and swap from the outside in, and lowers them from the inside out', () => {
  const memory = { limit: 1000, swap: 2000 };
  const limit = '/cg/memory/memory.limit_in_bytes';
  const order = (current: string): string[] =>
    plan({ memory }, { [limit]: current }).map((line) => line.split(' ')[0] ?? '');
  expect(order('500')).toEqual(['memory/memory.memsw.limit_in_bytes', 'memory/memory.limit_in_bytes']);
  expect(order('9223372036854771712')).toEqual(['memory/memory.limit_in_bytes', 'memory/memory.memsw.limit_in_bytes']);
});

test('planV1 lifts the swap limit along with the memory limit, if the kernel counts swap', () => {
  const swap = '/cg/memory/memory.memsw.limit_in_bytes';
  expect(plan({ memory: { limit: -1 } }, { [swap]: '2000' })).toEqual([
    'memory/memory.memsw.limit_in_bytes -1',
    'memory/memory.limit_in_bytes -1',
  ]);
  expect(plan({ memory: { limit: -1 } })).toEqual(['memory/memory.limit_in_bytes -1']);
});

test('planV1 uses the weight file that the I/O scheduler has', () => {
  expect(plan({ blockIO: { weight: 500 } }, { '/cg/blkio/blkio.weight': '1000' })).toEqual(['blkio/blkio.weight 500']);
});

test('planV1 misses a controller only if a limit needs it', () => {
  expect(plan({ cpu: { shares: 2 } }, {}, { cpu: '/cg/cpu' })).toEqual(['cpu/cpu.shares 2']);
  expect(() => plan({ memory: { limit: 5 } }, {}, { cpu: '/cg/cpu' })).toThrow(
    'cannot set memory limit: container could not join or create cgroup',
  );
});

test('planV1 refuses what is for cgroup v2, and swappiness beyond 100', () => {
  expect(() => plan({ unified: { 'memory.high': '1' } })).toThrow('this host has cgroup v1');
  expect(() => plan({ memory: { swappiness: 101 } })).toThrow('101 is not between 0 and 100');
  expect(plan({ memory: { swappiness: 18_446_744_073_709_551_615n } })).toEqual([]);
});

test('planV1 tells which field asked for a write', () => {
  const [write] = planV1({ pids: { limit: 1 } }, allPaths, { read: () => undefined }, undefined);
  expect(write?.field).toBe('linux.resources.pids.limit');
});

test('planV1 writes device rules as the difference to what the cgroup has', () => {
  const target = DeviceRules.of([{ allow: true, type: 'c', major: 1, minor: 3, access: 'rwm' }]);
  const writes = (list: string | undefined): string[] =>
    planV1({}, allPaths, { read: () => list }, target).map(({ file, value }) => `${file} ${value}`);
  expect(writes(undefined)).toEqual(['/cg/devices/devices.deny a', '/cg/devices/devices.allow c 1:3 rwm']);
  expect(writes('c 1:3 rwm\n')).toEqual([]);
});
