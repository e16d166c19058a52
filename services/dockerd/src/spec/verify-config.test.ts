import { expect, test } from 'bun:test';
import type { ContainerConfig, HostConfig } from './container-config.ts';
import { type HostFacts, readHostFacts } from './host-facts.ts';
import { parseSignal, verifyCreateRequest } from './verify-config.ts';

const facts: HostFacts = {
  ...readHostFacts(),
  cpus: 2,
  cpuList: '0-1',
  memoryNodes: '0',
  memory: true,
  swap: true,
  memoryReservation: true,
  swappiness: true,
  oomKillDisable: true,
  cpuShares: true,
  cpuCfs: true,
  cpuset: true,
  pids: true,
  blkioWeight: true,
};

const refusal = (config: ContainerConfig, hostConfig: HostConfig): string => {
  try {
    verifyCreateRequest(config, hostConfig, facts);
  } catch (error) {
    return (error as Error).message;
  }
  return 'accepted';
};

test.each([
  [{ Memory: 1024 }, 'Minimum memory limit allowed is 6MB'],
  [{ Memory: 2 ** 26, MemorySwap: 2 ** 25 }, 'Minimum memoryswap limit should be larger than memory limit, see usage'],
  [{ MemorySwap: 2 ** 25 }, 'You should always set the Memory limit when using Memoryswap limit, see usage'],
  [{ MemorySwappiness: 101 }, 'Invalid value: 101, valid memory swappiness range is 0-100'],
  [{ MemorySwappiness: -1 }, 'accepted'],
  [
    { Memory: 2 ** 26, MemoryReservation: 2 ** 27 },
    'Minimum memory limit can not be less than memory reservation limit, see usage',
  ],
  [{ NanoCpus: 3e9 }, 'range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available'],
  [{ NanoCpus: 1e9, CpuQuota: 5000 }, 'Conflicting options: Nano CPUs and CPU Quota cannot both be set'],
  [{ CpuPeriod: 10 }, 'CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)'],
  [{ CpuQuota: 10 }, 'CPU cfs quota can not be less than 1ms (i.e. 1000)'],
  [{ CpusetCpus: '0-7' }, 'Requested CPUs are not available - requested 0-7, available: 0-1'],
  [{ CpusetCpus: 'x' }, 'Invalid value x for cpuset cpus: invalid format: x'],
  [{ CpusetMems: '9' }, 'Requested memory nodes are not available - requested 9, available: 0'],
  [{ BlkioWeight: 5 }, 'Range of blkio weight is from 10 to 1000'],
  [{ OomScoreAdj: 2000 }, 'Invalid value 2000, range for oom score adj is [-1000, 1000]'],
  [{ ShmSize: -1 }, 'SHM size can not be less than 0'],
  [{ IpcMode: 'x' }, 'invalid IPC mode: x'],
  [{ PidMode: 'x' }, 'invalid PID mode: x'],
  [{ UTSMode: 'x' }, 'invalid UTS mode: x'],
  [{ CgroupnsMode: 'x' }, 'invalid cgroup namespace mode: x'],
  [{ CapAdd: ['X'] }, 'invalid CapAdd: unknown capability: "CAP_X"'],
  [{ CapDrop: ['all', 'net_admin'] }, 'accepted'],
  [{ AutoRemove: true, RestartPolicy: { Name: 'always' } }, `can't create 'AutoRemove' container with restart policy`],
  [
    { RestartPolicy: { Name: 'no', MaximumRetryCount: 3 } },
    `invalid restart policy: maximum retry count can only be used with 'on-failure'`,
  ],
  [{ ExtraHosts: ['a:b'] }, 'invalid IP address in add-host: "b"'],
  [{ NetworkMode: 'container:' }, 'invalid network mode: invalid container format container:<name|id>'],
  [{ NetworkMode: 'container:x', Dns: ['1.1.1.1'] }, 'conflicting options: dns and the network mode'],
] as [HostConfig, string][])('verifyCreateRequest judges %j as dockerd does', (hostConfig, message) => {
  expect(refusal({}, hostConfig)).toBe(message);
});

test.each([
  [{ Hostname: 'h' }, { UTSMode: 'host' }, 'conflicting options: hostname and the UTS mode'],
  [{ Hostname: 'h' }, { NetworkMode: 'container:x' }, 'conflicting options: hostname and the network mode'],
  [{ WorkingDir: 'x' }, {}, `the working directory 'x' is invalid, it needs to be an absolute path`],
  [{ Env: ['=x'] }, {}, 'invalid environment variable: =x'],
  [{ StopSignal: 'BOGUS' }, {}, 'invalid signal: BOGUS'],
  [{ Healthcheck: { Interval: 5 } }, {}, 'Interval in Healthcheck cannot be less than 1ms'],
] as [ContainerConfig, HostConfig, string][])(
  'verifyCreateRequest judges %j with %j as dockerd does',
  (config, hostConfig, message) => {
    expect(refusal(config, hostConfig)).toBe(message);
  },
);

test('verifyCreateRequest drops, with a warning, what the kernel cannot do', () => {
  const weak = { ...facts, pids: false, blkioWeight: false, swap: false };
  const sent = { PidsLimit: 5, BlkioWeight: 100, Memory: 2 ** 26 };
  const { hostConfig, warnings } = verifyCreateRequest({ WorkingDir: '/a/../b/' }, sent, weak);
  expect(hostConfig).toMatchObject({ PidsLimit: null, BlkioWeight: 0, MemorySwap: -1 });
  expect(warnings).toHaveLength(3);
});

test('parseSignal knows names, numbers and real-time signals', () => {
  expect([
    parseSignal('TERM'),
    parseSignal('sigkill'),
    parseSignal('15'),
    parseSignal('RTMIN+3'),
    parseSignal('SIGRTMAX-1'),
  ]).toEqual([15, 9, 15, 37, 63]);
  expect(() => parseSignal('65')).toThrow();
});
