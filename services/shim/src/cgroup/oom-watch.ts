/**
 * Notice of out-of-memory kills in a container. cgroup v1: an eventfd registered for memory.oom_control (kernel
 * admin-guide/cgroup-v1/memory.rst §9, §10). cgroup v2: memory.events changes, and `oom_kill` in it has grown
 * (admin-guide/cgroup-v2.rst).
 */
import { closeSync, openSync, readFileSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeEventfd } from '@docker-ts/linux/eventfd';
import type { ContainerCgroup } from './container-cgroup.ts';

/** Calls `onKill` for each notice until it is disposed of. Undefined where the kernel offers none. */
export function watchOutOfMemory(cgroup: ContainerCgroup, onKill: () => void): Disposable | undefined {
  try {
    const directory = cgroup.directories[cgroup.unified ? '' : 'memory'];
    if (directory === undefined) return undefined;
    return cgroup.unified ? watchEventsFile(join(directory, 'memory.events'), onKill) : watchEventfd(directory, onKill);
  } catch {
    // No memory controller, or the cgroup is gone already.
    return undefined;
  }
}

function watchEventfd(directory: string, onKill: () => void): Disposable {
  const eventfd = makeEventfd();
  let control = -1;
  try {
    control = openSync(join(directory, 'memory.oom_control'), 'r');
    writeFileSync(join(directory, 'cgroup.event_control'), `${eventfd} ${control}`);
  } catch (error) {
    closeSync(eventfd);
    throw error;
  } finally {
    if (control >= 0) closeSync(control);
  }
  // Bun polls it: eventfd can raise no SIGIO. The stream owns the descriptor.
  const reader = Bun.file(eventfd).stream().getReader();
  let open = true;
  const run = async (): Promise<void> => {
    while (open) {
      const { done } = await reader.read();
      if (done || !open) return;
      // The kernel also signals when the cgroup is removed.
      if (readCounter(join(directory, 'memory.oom_control'), 'oom_kill') > 0) onKill();
    }
  };
  run().catch(() => {});
  return {
    [Symbol.dispose]() {
      if (!open) return;
      open = false;
      void reader.cancel().catch(() => {});
    },
  };
}

function watchEventsFile(file: string, onKill: () => void): Disposable {
  let seen = readCounter(file, 'oom_kill');
  const watcher = watch(file, () => {
    const kills = readCounter(file, 'oom_kill');
    if (kills > seen) onKill();
    seen = Math.max(seen, kills);
  });
  return { [Symbol.dispose]: () => watcher.close() };
}

/** One `key value` line; 0 if it or the file is missing. */
function readCounter(file: string, key: string): number {
  try {
    const line = readFileSync(file, 'utf8')
      .split('\n')
      .find((text) => text.startsWith(`${key} `));
    return Number(line?.slice(key.length + 1) ?? 0);
  } catch {
    return 0;
  }
}
