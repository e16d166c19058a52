import { expect, test } from 'bun:test';
import type { LinuxResources } from '@docker-ts/oci/runtime-spec';
import { DeviceRules } from './device-rules.ts';
import { planV2 } from './plan-v2.ts';

const everything = { 'cgroup.controllers': 'cpuset cpu io memory hugetlb pids rdma misc\n' };

/** The plan as lines of `file value`, in a cgroup whose control files hold `files`. */
function plan(resources: LinuxResources, files: Readonly<Record<string, string>> = everything): string[] {
  const facts = { read: (file: string): string | undefined => files[file.replace('/cg/', '')] };
  return planV2(resources, '/cg', facts, undefined).map(({ file, value }) => `${file.replace('/cg/', '')} ${value}`);
}

test('planV2 converts every limit, in order', () => {
  const resources: LinuxResources = {
    memory: { limit: 1000, swap: 3000, reservation: 500, swappiness: 10, disableOOMKiller: true },
    cpu: {
      shares: 512,
      quota: 50_000,
      period: 200_000,
      burst: 100,
      idle: 0,
      cpus: '0-1',
      mems: '0',
      realtimeRuntime: 6,
    },
    pids: { limit: -1 },
    blockIO: {
      weight: 500,
      throttleReadBpsDevice: [{ major: 8, minor: 0, rate: 10 }],
      throttleWriteBpsDevice: [{ major: 8, minor: 0, rate: 20 }],
      throttleReadIOPSDevice: [{ major: 8, minor: 0, rate: 30 }],
      throttleWriteIOPSDevice: [{ major: 8, minor: 0, rate: 40 }],
    },
    hugepageLimits: [{ pageSize: '2MB', limit: 4 }],
    network: { classID: 5 },
    rdma: { mlx: { hcaObjects: 3 } },
    unified: { 'memory.high': '900', 'cgroup.max.depth': '5' },
  };
  expect(plan(resources)).toEqual([
    'pids.max max',
    'memory.swap.max 2000',
    'memory.max 1000',
    'memory.low 500',
    'io.weight 4950',
    'io.max 8:0 rbps=10',
    'io.max 8:0 wbps=20',
    'io.max 8:0 riops=30',
    'io.max 8:0 wiops=40',
    'cpu.idle 0',
    'cpu.weight 59',
    'cpu.max.burst 100',
    'cpu.max 50000 200000',
    'cpuset.cpus 0-1',
    'cpuset.mems 0',
    'hugetlb.2MB.max 4',
    'hugetlb.2MB.rsvd.max 4',
    'rdma.max mlx hca_object=3',
    'memory.high 900',
    'cgroup.max.depth 5',
  ]);
});

test('planV2 writes quota and period as one', () => {
  expect(plan({ cpu: { quota: -1 } })).toEqual(['cpu.max max 100000']);
  expect(plan({ cpu: { quota: 5000 } })).toEqual(['cpu.max 5000 100000']);
  expect(plan({ cpu: { period: 50_000 } })).toEqual(['cpu.max max 50000']);
});

test('planV2 uses BFQ if that is the I/O scheduler', () => {
  const io = { weight: 500, weightDevice: [{ major: 8, minor: 0, weight: 200 }] };
  expect(plan({ blockIO: io }, { ...everything, 'io.bfq.weight': 'default 100\n' })).toEqual([
    'io.bfq.weight 500',
    'io.bfq.weight 8:0 200',
  ]);
  expect(plan({ blockIO: io }, { ...everything, 'io.bfq.weight': '100\n' })).toEqual(['io.bfq.weight 500']);
});

test('planV2 refuses a limit below what is in use if it is asked to look', () => {
  const files = { ...everything, 'memory.current': '5000\n' };
  const memory = { limit: 4000, checkBeforeUpdate: true };
  expect(() => plan({ memory }, files)).toThrow('cannot set memory limit 4000: 5000 bytes are in use');
  expect(plan({ memory: { limit: 4000 } }, files)).toEqual(['memory.max 4000']);
});

test('planV2 names the controller that is not delegated', () => {
  expect(() => plan({ memory: { limit: 5 } }, { 'cgroup.controllers': 'cpu pids\n' })).toThrow(
    'cannot set linux.resources.memory.limit: cgroup controller "memory" is not available in /cg',
  );
  expect(plan({ memory: { limit: 5 } }, {})).toEqual(['memory.max 5']);
});

test.each(['../memory.max', 'memory', 'a/b.c'])('planV2 refuses the unified file "%s"', (name) => {
  expect(() => plan({ unified: { [name]: '1' } })).toThrow('is not of the form CONTROLLER.PARAMETER');
});

test('planV2 attaches one device filter', () => {
  const writes = planV2(
    {},
    '/cg',
    { read: () => undefined },
    DeviceRules.of([{ allow: true, type: 'c', major: 1, minor: 3, access: 'rwm' }]),
  );
  expect(writes).toMatchObject([{ file: '/cg', value: 'device filter: deny all but 1 exceptions' }]);
  expect(writes[0]?.deviceFilter?.length).toBe(8 * 13);
});
