/** `linux.resources` and rlimits from HostConfig's resource fields, which `verify-resources.ts` has checked. */
import { invalidArgument, messageOf } from '@docker-ts/base/errors';
import type {
  LinuxBlockIo,
  LinuxCpu,
  LinuxMemory,
  LinuxPids,
  LinuxThrottleDevice,
  LinuxWeightDevice,
  PosixRlimit,
} from '@docker-ts/oci/runtime-spec';
import type { Resources, ThrottleDevice, Ulimit, WeightDevice } from './container-config.ts';
import { deviceNumbers } from './devices.ts';

/** CFS period in microseconds where `--cpus` chooses it. */
const cpuPeriodUs = 100_000;

/** An object without the fields that are undefined; `undefined` if nothing is left. */
function defined<Type extends object>(fields: { [Key in keyof Type]: Type[Key] | undefined }): Type | undefined {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return entries.length === 0 ? undefined : (Object.fromEntries(entries) as Type);
}

const positive = (value: number | undefined): number | undefined =>
  value !== undefined && value > 0 ? value : undefined;
const nonZero = (value: number | undefined): number | undefined => value || undefined;

export function memoryResources(config: Resources): LinuxMemory | undefined {
  return defined<Required<Pick<LinuxMemory, 'limit' | 'reservation' | 'swap' | 'swappiness' | 'disableOOMKiller'>>>({
    limit: positive(config.Memory),
    reservation: positive(config.MemoryReservation),
    swap: positive(config.MemorySwap),
    swappiness: config.MemorySwappiness ?? undefined,
    disableOOMKiller: config.OomKillDisable ?? undefined,
  });
}

export function cpuResources(config: Resources): LinuxCpu | undefined {
  if ((config.CpuShares ?? 0) < 0)
    throw invalidArgument(`invalid CPU shares (${config.CpuShares}): value must be a positive integer`);
  const nano = positive(config.NanoCpus);
  return defined<Required<Omit<LinuxCpu, 'burst' | 'idle'>>>({
    shares: nonZero(config.CpuShares),
    quota: nonZero(config.CpuQuota) ?? (nano === undefined ? undefined : Math.trunc((nano * cpuPeriodUs) / 1e9)),
    period: nonZero(config.CpuPeriod) ?? (nano === undefined ? undefined : cpuPeriodUs),
    realtimeRuntime: nonZero(config.CpuRealtimeRuntime),
    realtimePeriod: nonZero(config.CpuRealtimePeriod),
    cpus: config.CpusetCpus || undefined,
    mems: config.CpusetMems || undefined,
  });
}

/** Zero and negative limits lift one: the runtime wants -1. */
export function pidsResources(config: Resources): LinuxPids | undefined {
  if (config.PidsLimit == null) return undefined;
  return { limit: config.PidsLimit <= 0 ? -1 : config.PidsLimit };
}

function numbersOf(path: string): { major: number; minor: number } {
  try {
    return deviceNumbers(path);
  } catch (error) {
    throw invalidArgument(`stat ${path}: ${messageOf(error)}`, error);
  }
}

const throttles = (devices: ThrottleDevice[] | null | undefined): LinuxThrottleDevice[] | undefined =>
  devices == null || devices.length === 0
    ? undefined
    : devices.map(({ Path, Rate }) => ({ ...numbersOf(Path), rate: Rate }));

const weights = (devices: WeightDevice[] | null | undefined): LinuxWeightDevice[] | undefined =>
  devices == null || devices.length === 0
    ? undefined
    : devices.map(({ Path, Weight }) => ({ ...numbersOf(Path), weight: Weight }));

export function blockIoResources(config: Resources): LinuxBlockIo {
  return (
    defined<Required<Omit<LinuxBlockIo, 'leafWeight'>>>({
      weight: nonZero(config.BlkioWeight),
      weightDevice: weights(config.BlkioWeightDevice),
      throttleReadBpsDevice: throttles(config.BlkioDeviceReadBps),
      throttleWriteBpsDevice: throttles(config.BlkioDeviceWriteBps),
      throttleReadIOPSDevice: throttles(config.BlkioDeviceReadIOps),
      throttleWriteIOPSDevice: throttles(config.BlkioDeviceWriteIOps),
    }) ?? {}
  );
}

/** -1 is RLIM_INFINITY, the highest unsigned 64-bit number. */
const limit = (value: number): number | bigint => (value < 0 ? BigInt.asUintN(64, BigInt(value)) : value);

/** The container's ulimits, then the daemon's for names that the container left open. */
export function resourceLimits(own: readonly Ulimit[], daemon: readonly Ulimit[] = []): PosixRlimit[] {
  const names = new Set(own.map((ulimit) => ulimit.Name));
  return [...own, ...daemon.filter((ulimit) => !names.has(ulimit.Name))].map(({ Name, Soft, Hard }) => ({
    type: `RLIMIT_${Name.toUpperCase()}`,
    hard: limit(Hard),
    soft: limit(Soft),
  }));
}
