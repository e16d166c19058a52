/** Limits of config.json in the units of the control files. The conversions to v2 are runc's, so that both runtimes set the same. */
import { invalidArgument } from '@docker-ts/base/errors';
import type { JsonInteger, LinuxMemory, LinuxPids, LinuxRdma } from '@docker-ts/oci/runtime-spec';

/** The number, or undefined if it is absent or 0: Docker writes 0 for "not set", and runc reads it so. */
export function setValue(value: JsonInteger | undefined): bigint | undefined {
  return value === undefined || BigInt(value) === 0n ? undefined : BigInt(value);
}

/** `max` for what has no limit. 0 is written as 1: systemd knows no 0, and a cgroup with 0 could not even start. */
export function pidsMax({ limit }: LinuxPids): string | undefined {
  if (limit === undefined) return undefined;
  const value = BigInt(limit);
  if (value < 0n) return 'max';
  return value === 0n ? '1' : String(value);
}

/** cpu.shares (2 … 262144, usual 1024) as cpu.weight (1 … 10000, usual 100): a curve through least, usual and greatest. */
export function cpuWeight(shares: bigint): bigint {
  if (shares <= 2n) return 1n;
  if (shares >= 262_144n) return 10_000n;
  const log = Math.log2(Number(shares));
  return BigInt(Math.ceil(10 ** ((log * log + 125 * log) / 612 - 7 / 34)));
}

/** blkio.weight (10 … 1000) as io.weight (1 … 10000). */
export function ioWeight(weight: number): bigint {
  return 1n + ((BigInt(weight) - 10n) * 9999n) / 990n;
}

/** `max` for -1. */
export function memoryMax(value: bigint): string {
  return value === -1n ? 'max' : String(value);
}

/** memory.swap.max: v2 counts swap alone, config.json swap and memory together. Undefined: leave it. */
export function swapMax({ limit, swap }: LinuxMemory): string | undefined {
  const [memory, total] = [setValue(limit), setValue(swap)];
  if (total === undefined) return memory === -1n ? 'max' : undefined;
  if (total === -1n || memory === -1n) return memoryMax(total);
  if (memory === undefined) throw invalidArgument('cannot set linux.resources.memory.swap: it needs a memory limit');
  if (memory < 0n) throw invalidArgument(`cannot set linux.resources.memory.limit: ${memory} is not a limit`);
  if (total < memory)
    throw invalidArgument('cannot set linux.resources.memory.swap: memory and swap together must be at least memory');
  return String(total - memory);
}

/** `mlx5_1 hca_handle=3 hca_object=1000`. */
export function rdmaLine(device: string, { hcaHandles, hcaObjects }: LinuxRdma): string {
  const handles = hcaHandles === undefined ? '' : ` hca_handle=${hcaHandles}`;
  return `${device}${handles}${hcaObjects === undefined ? '' : ` hca_object=${hcaObjects}`}`;
}
