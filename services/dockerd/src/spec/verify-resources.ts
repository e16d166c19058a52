/**
 * Checks of a container's resource limits, and what is dropped (with a warning) where the kernel cannot do it. Order, limits and
 * texts are dockerd 28's, because scripts match them.
 */
import { invalidArgument } from '@docker-ts/base/errors';
import type { Resources } from './container-config.ts';
import { parseCpuList } from './cpu-list.ts';
import type { HostFacts } from './host-facts.ts';

/** Less would not even let the runtime start. */
const minimumMemoryBytes = 6 * 1024 * 1024;

export interface VerifiedResources<Config extends Resources> {
  readonly config: Config;
  readonly warnings: readonly string[];
}

type Drop = (supported: boolean, warning: string, change: Partial<Resources>) => void;

function verifyMemory(config: Resources, facts: HostFacts, update: boolean, drop: Drop): void {
  if (config.Memory && config.Memory < minimumMemoryBytes) throw invalidArgument('Minimum memory limit allowed is 6MB');
  const off = 'capabilities or the cgroup is not mounted.';
  if ((config.Memory ?? 0) > 0)
    drop(facts.memory, `Your kernel does not support memory limit ${off} Limitation discarded.`, {
      Memory: 0,
      MemorySwap: -1,
    });
  if ((config.Memory ?? 0) > 0 && config.MemorySwap !== -1)
    drop(facts.swap, `Your kernel does not support swap limit ${off} Memory limited without swap.`, { MemorySwap: -1 });
  const { Memory: memory = 0, MemorySwap: swap = 0 } = config;
  if (memory > 0 && swap > 0 && swap < memory)
    throw invalidArgument('Minimum memoryswap limit should be larger than memory limit, see usage');
  if (memory === 0 && swap > 0 && !update)
    throw invalidArgument('You should always set the Memory limit when using Memoryswap limit, see usage');
  if (config.MemorySwappiness != null)
    drop(facts.swappiness, `Your kernel does not support memory swappiness ${off} Memory swappiness discarded.`, {
      MemorySwappiness: null,
    });
  const { MemorySwappiness: swappiness } = config;
  if (swappiness != null && (swappiness < 0 || swappiness > 100))
    throw invalidArgument(`Invalid value: ${swappiness}, valid memory swappiness range is 0-100`);
  if ((config.MemoryReservation ?? 0) > 0)
    drop(facts.memoryReservation, `Your kernel does not support memory soft limit ${off} Limitation discarded.`, {
      MemoryReservation: 0,
    });
  const { MemoryReservation: reservation = 0 } = config;
  if (reservation > 0 && reservation < minimumMemoryBytes)
    throw invalidArgument('Minimum memory reservation allowed is 6MB');
  if (memory > 0 && reservation > 0 && memory < reservation)
    throw invalidArgument('Minimum memory limit can not be less than memory reservation limit, see usage');
}

function verifyOomAndPids(config: Resources, facts: HostFacts, drop: Drop, warn: (text: string) => void): void {
  if (config.OomKillDisable === true)
    drop(facts.oomKillDisable, 'Your kernel does not support OomKillDisable. OomKillDisable discarded.', {
      OomKillDisable: null,
    });
  if (!facts.oomKillDisable) config.OomKillDisable = null;
  if (config.OomKillDisable === true && !config.Memory)
    warn(
      'OOM killer is disabled for the container, but no memory limit is set, this can result in the system running out of resources.',
    );
  if ((config.PidsLimit ?? 0) > 0)
    drop(
      facts.pids,
      'Your kernel does not support PIDs limit capabilities or the cgroup is not mounted. PIDs limit discarded.',
      {
        PidsLimit: null,
      },
    );
}

function verifyCpu(config: Resources, facts: HostFacts, drop: Drop): void {
  const { NanoCpus: nano = 0 } = config;
  if (nano > 0 && (config.CpuPeriod ?? 0) > 0)
    throw invalidArgument('Conflicting options: Nano CPUs and CPU Period cannot both be set');
  if (nano > 0 && (config.CpuQuota ?? 0) > 0)
    throw invalidArgument('Conflicting options: Nano CPUs and CPU Quota cannot both be set');
  if (nano > 0 && !facts.cpuCfs)
    throw invalidArgument(
      'NanoCPUs can not be set, as your kernel does not support CPU CFS scheduler or the cgroup is not mounted',
    );
  if (nano < 0 || nano > facts.cpus * 1e9)
    throw invalidArgument(
      `range of CPUs is from 0.01 to ${facts.cpus}.00, as there are only ${facts.cpus} CPUs available`,
    );
  if ((config.CpuShares ?? 0) > 0)
    drop(facts.cpuShares, 'Your kernel does not support CPU shares or the cgroup is not mounted. Shares discarded.', {
      CpuShares: 0,
    });
  if (config.CpuPeriod || config.CpuQuota)
    drop(facts.cpuCfs, 'Your kernel does not support CPU CFS scheduler. CPU period/quota discarded.', {
      CpuPeriod: 0,
      CpuQuota: 0,
    });
  const { CpuPeriod: period = 0, CpuQuota: quota = 0 } = config;
  if (period !== 0 && (period < 1000 || period > 1_000_000))
    throw invalidArgument('CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)');
  if (quota > 0 && quota < 1000) throw invalidArgument('CPU cfs quota can not be less than 1ms (i.e. 1000)');
}

function verifyCpuset(config: Resources, facts: HostFacts, drop: Drop): void {
  if (config.CpusetCpus || config.CpusetMems)
    drop(facts.cpuset, 'Your kernel does not support cpuset or the cgroup is not mounted. Cpuset discarded.', {
      CpusetCpus: '',
      CpusetMems: '',
    });
  const check = (wanted: string, available: string, short: string, long: string): void => {
    const list = parseCpuList(wanted);
    if (list === undefined)
      throw invalidArgument(`Invalid value ${wanted} for cpuset ${short}: invalid format: ${wanted}`);
    const present = parseCpuList(available) ?? [];
    if (list.some((number) => !present.includes(number)))
      throw invalidArgument(`Requested ${long} are not available - requested ${wanted}, available: ${available}`);
  };
  if (config.CpusetCpus) check(config.CpusetCpus, facts.cpuList, 'cpus', 'CPUs');
  if (config.CpusetMems) check(config.CpusetMems, facts.memoryNodes, 'mems', 'memory nodes');
}

function verifyBlockIo(config: Resources, facts: HostFacts, drop: Drop): void {
  const off = 'or the cgroup is not mounted.';
  if ((config.BlkioWeight ?? 0) > 0)
    drop(facts.blkioWeight, `Your kernel does not support Block I/O weight ${off} Weight discarded.`, {
      BlkioWeight: 0,
    });
  const { BlkioWeight: weight = 0 } = config;
  if (weight > 0 && (weight < 10 || weight > 1000)) throw invalidArgument('Range of blkio weight is from 10 to 1000');
  if (config.IOMaximumBandwidth || config.IOMaximumIOps)
    throw invalidArgument('Invalid QoS settings: linux does not support Maximum IO Bandwidth or Maximum IO IOps');
  if (config.BlkioWeightDevice?.length)
    drop(
      facts.blkioWeightDevice,
      `Your kernel does not support Block I/O weight_device ${off} Weight-device discarded.`,
      {
        BlkioWeightDevice: [],
      },
    );
  for (const [key, name, short] of [
    ['BlkioDeviceReadBps', 'BPS Block I/O read', 'BPS read'],
    ['BlkioDeviceWriteBps', 'BPS Block I/O write', 'BPS write'],
    ['BlkioDeviceReadIOps', 'IOPS Block read', 'IOPS read'],
    ['BlkioDeviceWriteIOps', 'IOPS Block write', 'IOPS write'],
  ] as const)
    if (config[key]?.length)
      drop(
        facts.blkioThrottle,
        `Your kernel does not support ${name} limit ${off} Block I/O ${short} limit discarded.`,
        {
          [key]: [],
        },
      );
}

/**
 * Checks `sent` against the machine; a wrong value is invalid_argument, an unsupported one is left out of the returned copy and
 * warned about. `update` is true for `POST /containers/x/update`, where swap may be changed alone.
 */
export function verifyResources<Config extends Resources>(
  sent: Config,
  facts: HostFacts,
  update = false,
): VerifiedResources<Config> {
  // -1 is what clients older than API 1.42 send for "not set".
  const config = { ...sent, ...(sent.MemorySwappiness === -1 ? { MemorySwappiness: null } : {}) };
  const warnings: string[] = [];
  const drop: Drop = (supported, warning, change) => {
    if (supported) return;
    warnings.push(warning);
    Object.assign(config, change);
  };
  verifyMemory(config, facts, update, drop);
  verifyOomAndPids(config, facts, drop, (text) => warnings.push(text));
  verifyCpu(config, facts, drop);
  verifyCpuset(config, facts, drop);
  verifyBlockIo(config, facts, drop);
  return { config, warnings };
}
