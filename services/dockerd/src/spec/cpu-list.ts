/** Lists of CPU and memory node numbers as the kernel writes them: `0-3,7` (cpuset(7), "List format"). */

/** More than any kernel is built for; keeps `0-4294967295` from filling the memory. */
const highestNumber = 8192;

/** The numbers in `list`, or `undefined` if it is malformed. An empty list has none. */
export function parseCpuList(list: string): number[] | undefined {
  const numbers = new Set<number>();
  for (const part of list.trim() === '' ? [] : list.trim().split(',')) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part);
    if (match === null) return undefined;
    const first = Number(match[1]);
    const last = Number(match[2] ?? match[1]);
    if (last < first || last > highestNumber) return undefined;
    for (let number = first; number <= last; number++) numbers.add(number);
  }
  return [...numbers].sort((a, b) => a - b);
}
