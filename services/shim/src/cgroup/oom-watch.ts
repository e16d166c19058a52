/**
 * Notice of out-of-memory kills in a container. cgroup v1: an eventfd registered for memory.oom_control (kernel
 * admin-guide/cgroup-v1/memory.rst §9, §10). cgroup v2: memory.events changes, and `oom_kill` in it has grown
 * (admin-guide/cgroup-v2.rst).
 */
import { closeSync, openSync, readFileSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeEventfd } from '@docker-ts/linux/eventfd';
import type { ContainerCgroup } from './container-cgroup.ts';

export interface OutOfMemoryWatch extends Disposable {
  /** Looks now. The kernel's notice may come after the exit of the process it is about. */
  check(): void;
}

/** Calls `onKill` when there were kills since the last look, until it is disposed of. Undefined where the kernel offers none. */
export function watchOutOfMemory(cgroup: ContainerCgroup, onKill: () => void): OutOfMemoryWatch | undefined {
  try {
    const directory = cgroup.directories[cgroup.unified ? '' : 'memory'];
    if (directory === undefined) return undefined;
    const file = join(directory, cgroup.unified ? 'memory.events' : 'memory.oom_control');
    let seen = readCounter(file, 'oom_kill');
    const check = (): void => {
      const kills = readCounter(file, 'oom_kill');
      if (kills > seen) onKill();
      seen = Math.max(seen, kills);
    };
    const notices = cgroup.unified ? watchFile(file, check) : watchEventfd(directory, file, check);
    return { check, [Symbol.dispose]: () => notices[Symbol.dispose]() };
  } catch {
    // No memory controller, or the cgroup is gone already.
    return undefined;
  }
}

function watchEventfd(directory: string, file: string, check: () => void): Disposable {
  const eventfd = makeEventfd();
  let control = -1;
  try {
    control = openSync(file, 'r');
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
    for (;;) {
      const { done } = await reader.read();
      if (done || !open) return;
      // The kernel also signals when the cgroup is removed.
      check();
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

function watchFile(file: string, check: () => void): Disposable {
  const watcher = watch(file, check);
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
