/** What a tree takes of the disk: allocated blocks and inodes, files with several names counted once (as `du` does). */
import { lstatSync, opendirSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import type { SnapshotUsage } from './snapshotter.ts';

const blockBytes = 512;

/** Other work of the daemon gets its turn after this long. */
const sliceMs = 4;

/** Counts the tree below `root`, the root itself included. Files that vanish meanwhile are left out. */
export async function diskUsage(root: string): Promise<SnapshotUsage> {
  const counted = new Set<string>();
  const pending = [root];
  let sizeBytes = 0;
  let inodes = 0;
  let sliceEnd = performance.now() + sliceMs;
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (!stat) continue;
    if (stat.isDirectory()) {
      for (const name of readNames(path)) pending.push(`${path}/${name}`);
    } else if (stat.nlink > 1) {
      const inode = `${stat.dev}:${stat.ino}`;
      if (counted.has(inode)) continue;
      counted.add(inode);
    }
    sizeBytes += stat.blocks * blockBytes;
    inodes += 1;
    if (performance.now() > sliceEnd) {
      await setImmediate();
      sliceEnd = performance.now() + sliceMs;
    }
  }
  return { sizeBytes: BigInt(sizeBytes), inodes: BigInt(inodes) };
}

function readNames(directory: string): string[] {
  const names: string[] = [];
  const handle = opendirSync(directory);
  try {
    for (let entry = handle.readSync(); entry !== null; entry = handle.readSync()) names.push(entry.name);
  } finally {
    handle.closeSync();
  }
  return names;
}
