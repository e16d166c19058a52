/**
 * Reading the control files of cgroup v1 and v2: single values, `key value` lines, device lines (the kernel's
 * admin-guide/cgroup-v2.rst, "Interface Files"). What a kernel or a hierarchy does not offer reads as `undefined`, never as an error:
 * files come and go with kernel versions, and whole cgroups vanish while they are read.
 */
import { readFileSync } from 'node:fs';

/** What `max` means as a number, as containerd and runc report it. */
export const unlimited = 18_446_744_073_709_551_615n;

const absentCodes: ReadonlySet<string> = new Set(['ENOENT', 'ENODEV', 'ENOTDIR', 'EOPNOTSUPP', 'ENOTSUP']);

/** True for the errors of a file that is not there, or of a cgroup that was removed while its file was open (ENODEV). */
export function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && absentCodes.has(String(error.code));
}

/** The file's text; undefined if there is no such file. Other failures are thrown as node's file errors. */
export function readCgroupFile(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

/** One number of a control file; `max` is `unlimited`. Negative counters, which kernel bugs have produced, count as 0. */
export function parseCount(text: string | undefined): bigint | undefined {
  if (text === undefined) return undefined;
  const word = text.trim();
  if (word === 'max') return unlimited;
  if (/^[0-9]+$/.test(word)) return BigInt(word);
  return /^-[0-9]+$/.test(word) ? 0n : undefined;
}

/** The file's single number; undefined if file or number is missing. */
export function readCount(file: string): bigint | undefined {
  return parseCount(readCgroupFile(file));
}

/** Lines of `key value`; what is not a number is left out. */
export function parseFlatKeyed(text: string): Map<string, bigint> {
  const values = new Map<string, bigint>();
  for (const line of text.split('\n')) {
    const space = line.indexOf(' ');
    if (space <= 0) continue;
    const value = parseCount(line.slice(space + 1));
    if (value !== undefined) values.set(line.slice(0, space), value);
  }
  return values;
}

/** The file's `key value` lines; undefined if there is no such file. */
export function readFlatKeyed(file: string): Map<string, bigint> | undefined {
  const text = readCgroupFile(file);
  return text === undefined ? undefined : parseFlatKeyed(text);
}

/** `rdma.current` and `rdma.max`: `mlx4_0 hca_handle=2 hca_object=max`. */
export interface RdmaEntry {
  device: string;
  hcaHandles: number;
  hcaObjects: number;
}

const uint32Max = 4_294_967_295;

/** The lines of an rdma file; none if there is no such file. */
export function readRdmaEntries(file: string): RdmaEntry[] {
  const entries: RdmaEntry[] = [];
  for (const line of (readCgroupFile(file) ?? '').split('\n')) {
    const [device, ...pairs] = line.split(' ');
    if (device === undefined || pairs.length !== 2) continue;
    const values = new Map(pairs.map((pair) => pair.split('=', 2) as [string, string]));
    const count = (key: string): number => {
      const value = values.get(key);
      return value === 'max' ? uint32Max : Number(value ?? 0);
    };
    entries.push({ device, hcaHandles: count('hca_handle'), hcaObjects: count('hca_object') });
  }
  return entries;
}
