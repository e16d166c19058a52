/**
 * The benchmark: the same workloads on the original stack and on ours, in turn, in one run; medians and paired ratios.
 *
 *     pnpm bench [--only SUBSTRING] [--pairs N]
 *
 * The original is Debian's docker.io, containerd and runc from PATH, or what UPSTREAM_DOCKERD, UPSTREAM_CONTAINERD and
 * UPSTREAM_RUNC name. It runs in a network namespace of its own with private sockets and folders, as ours does.
 */
import { copyFileSync, mkdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { mustRun } from '@docker-ts/testkit/command';
import { ourPrograms, upstreamPrograms } from '@docker-ts/testkit/programs';
import { Scratch } from '@docker-ts/testkit/scratch';
import { Stack } from '@docker-ts/testkit/stack';
import { pidsOf, unsharedKib } from './memory.ts';
import { measureRuntimes } from './runtimes.ts';
import { median, pairedRatio } from './statistics.ts';
import { type Workload, workloads } from './workloads.ts';

interface Row {
  readonly name: string;
  readonly ours: readonly number[];
  readonly theirs: readonly number[];
  readonly unit: 'ms' | 'MiB';
  readonly goal?: number;
}

const { values: options } = parseArgs({
  args: process.argv.slice(2),
  options: { only: { type: 'string', default: '' }, pairs: { type: 'string' } },
});

async function seconds(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

async function importImage(stack: Stack): Promise<void> {
  using scratch = new Scratch('image');
  mkdirSync(scratch.join('bin'));
  copyFileSync(Bun.which('busybox') ?? '/bin/busybox', scratch.join('bin/busybox'));
  await mustRun([
    'sh',
    '-c',
    'cd "$0/bin" && chmod 755 busybox && ln -s busybox true && ln -s busybox sleep',
    scratch.path,
  ]);
  await mustRun(['tar', '-C', scratch.path, '-cf', scratch.join('image.tar'), 'bin']);
  await stack.mustDocker(['import', scratch.join('image.tar'), 'busybox:latest']);
}

async function measure(workload: Workload, ours: Stack, theirs: Stack): Promise<Row> {
  const pairs = options.pairs === undefined ? workload.pairs : Number(options.pairs);
  const times: [number[], number[]] = [[], []];
  for (const stack of [ours, theirs]) await workload.prepare?.(stack);
  for (let i = -1; i < pairs; i += 1) {
    for (const [which, stack] of [ours, theirs].entries()) {
      const taken = await seconds(() => workload.run(stack));
      if (i >= 0) times[which as 0 | 1].push(taken * 1000);
    }
  }
  for (const stack of [ours, theirs]) await workload.clean?.(stack);
  const goal = workload.goal === undefined ? {} : { goal: workload.goal };
  return { name: workload.name, ours: times[0], theirs: times[1], unit: 'ms', ...goal };
}

async function measureMemory(ours: Stack, theirs: Stack): Promise<Row[]> {
  const containers = Array.from({ length: 5 }, (_, i) => `idle-${i}`);
  for (const stack of [ours, theirs]) {
    for (const name of containers) {
      await stack.mustDocker(['run', '-d', '--name', name, '--network', 'none', 'busybox', 'sleep', '600']);
    }
  }
  await Bun.sleep(2000);
  const mebibytes = (pids: number[]): number[] => pids.map((pid) => unsharedKib(pid) / 1024);
  const shims = (stack: Stack): number[] => mebibytes(pidsOf(/containerd-shim-runc/, stack.containerdSocket));
  const rows: Row[] = [
    { name: 'unshared memory of a shim', ours: shims(ours), theirs: shims(theirs), unit: 'MiB', goal: 2 },
    {
      name: 'unshared memory of containerd',
      ours: mebibytes([ours.containerd.pid]),
      theirs: mebibytes([theirs.containerd.pid]),
      unit: 'MiB',
    },
    {
      name: 'unshared memory of dockerd',
      ours: mebibytes([ours.dockerd.pid]),
      theirs: mebibytes([theirs.dockerd.pid]),
      unit: 'MiB',
    },
  ];
  for (const stack of [ours, theirs]) await stack.mustDocker(['rm', '-f', ...containers]);
  return rows;
}

function print({ name, ours, theirs, unit, goal }: Row): void {
  const cell = (values: readonly number[]): string => `${median(values).toFixed(1)} ${unit}`.padStart(12);
  const verdict = goal === undefined ? '' : `  (goal: at most ${goal})`;
  console.log(
    `${name.padEnd(46)}${cell(theirs)}${cell(ours)}${pairedRatio(ours, theirs).toFixed(2).padStart(9)}${verdict}`,
  );
}

const wanted = (name: string): boolean => name.includes(options.only);
const [our, upstream] = [ourPrograms(), upstreamPrograms()];
for (const program of [upstream.dockerd, upstream.containerd, upstream.runc]) {
  console.log(`original: ${(await mustRun([program, '--version'])).split('\n')[0]}`);
}
console.log(`${''.padEnd(46)}${'original'.padStart(12)}${'docker-ts'.padStart(12)}${'ratio'.padStart(9)}`);
if (wanted('runc-ts run of a bundle')) {
  const [mine, theirs] = await measureRuntimes(our.runc, upstream.runc, Number(options.pairs ?? 40));
  const toMs = (list: number[]): number[] => list.map((value) => value * 1000);
  print({ name: 'runc-ts run of a bundle', ours: toMs(mine), theirs: toMs(theirs), unit: 'ms', goal: 1 });
}
{
  await using ours = await Stack.open({ programs: our });
  await using theirs = await Stack.open({ programs: upstream });
  for (const stack of [ours, theirs]) await importImage(stack);
  for (const workload of workloads) if (wanted(workload.name)) print(await measure(workload, ours, theirs));
  if (wanted('unshared memory')) for (const row of await measureMemory(ours, theirs)) print(row);
}
