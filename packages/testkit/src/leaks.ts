/**
 * What a test must not leave on the machine: mounts, network links and namespaces, packet rules, cgroups, shim sockets, processes
 * and temporary folders. A census before and one after are compared; what is new is a leak.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readMountInfo } from '@docker-ts/linux/mount';
import { scratchPrefix } from './scratch.ts';

/** Kinds of resource → what there is of them, each named as a person would look it up. */
export type Census = Readonly<Record<string, ReadonlySet<string>>>;

const programNames = /(?:dockerd-ts|containerd-ts|containerd-shim-runc-ts-v2|runc-ts|docker-init)/;

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function cgroupFolders(folder = '/sys/fs/cgroup', depth = 4): string[] {
  if (depth === 0) return [];
  let entries;
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
  return entries
    .filter((entry) => entry.isDirectory())
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      return [path, ...cgroupFolders(path, depth - 1)];
    });
}

/** Our programs by command line, without their pids: the same program running before and after is no leak. */
function ourProcesses(): string[] {
  return namesIn('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const executable = readlinkSync(`/proc/${pid}/exe`);
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
        const ours =
          programNames.test(executable) || executable.includes(`/${scratchPrefix}`) || executable.includes('memfd:');
        return ours && Number(pid) !== process.pid ? [`${pid} ${command}`] : [];
      } catch {
        return []; // gone meanwhile, or a kernel thread
      }
    });
}

function nftTables(): string[] {
  const result = Bun.spawnSync(['nft', 'list', 'tables'], { stdout: 'pipe', stderr: 'ignore' });
  return result.stdout.toString().split('\n').filter(Boolean);
}

/** Counts everything now. Takes some ten milliseconds. */
export function takeCensus(): Census {
  return {
    mount: new Set(readMountInfo().map((mount) => mount.mountPoint)),
    link: new Set(namesIn('/sys/class/net')),
    'network namespace': new Set(namesIn('/run/netns')),
    'nft table': new Set(nftTables()),
    cgroup: new Set(cgroupFolders()),
    'shim socket': new Set(namesIn('/run/containerd/s')),
    process: new Set(ourProcesses()),
    'temporary folder': new Set(namesIn(tmpdir()).filter((name) => name.startsWith(scratchPrefix))),
  };
}

/** What `after` has that `before` had not, one line each; empty when nothing leaked. */
export function leaksBetween(before: Census, after: Census): string[] {
  return Object.entries(after).flatMap(([kind, names]) =>
    [...names].filter((name) => !before[kind]?.has(name)).map((name) => `${kind}: ${name}`),
  );
}

/** Waits (at most `timeoutMs`) until nothing has leaked, because the kernel frees some things a moment after their owner went. */
export async function settleLeaks(before: Census, timeoutMs = 5000): Promise<string[]> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const leaks = leaksBetween(before, takeCensus());
    if (leaks.length === 0 || performance.now() > deadline) return leaks;
    await Bun.sleep(50);
  }
}
