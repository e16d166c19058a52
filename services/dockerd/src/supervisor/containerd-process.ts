/**
 * One running containerd of the daemon's own, however the daemon came by it: started as a child, or found again after the last
 * daemon died without stopping it. The pid file tells who it is; the executable's name tells whether it still is.
 *
 *     <exec-root>/containerd/containerd.pid
 */
import { messageOf } from '@docker-ts/base/errors';
import { spawn } from 'node:child_process';
import { readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';

export const containerdName = 'containerd-ts';

/** How often one that is not a child is looked at. */
const pollMs = 500;

export interface ContainerdProcess {
  readonly pid: number | undefined;
  /** Settles with why it ended. */
  readonly ended: Promise<string>;
  kill(signal: NodeJS.Signals): void;
}

/** Starts one; a failure to do so is an end like any other. */
export function startContainerd(path: string, flags: readonly string[], pidFile: string): ContainerdProcess {
  const child = spawn(path, flags, { stdio: ['ignore', 'inherit', 'inherit'] });
  const { promise, resolve } = Promise.withResolvers<string>();
  child.once('error', (error) => resolve(messageOf(error)));
  child.once('exit', (code, signal) => resolve(signal ?? `status ${code}`));
  if (child.pid !== undefined) writeFileSync(pidFile, `${child.pid}\n`, { mode: 0o644 });
  return { pid: child.pid, ended: promise, kill: (signal) => void child.kill(signal) };
}

/** The one that the pid file names, if it lives. */
export function findContainerd(pidFile: string): ContainerdProcess | undefined {
  const pid = readPid(pidFile);
  if (pid === undefined || !isContainerd(pid)) return undefined;
  const { promise, resolve } = Promise.withResolvers<string>();
  const timer = setInterval(() => {
    if (isContainerd(pid)) return;
    clearInterval(timer);
    resolve('unseen');
  }, pollMs);
  return {
    pid,
    ended: promise,
    kill: (signal) => {
      if (isContainerd(pid)) process.kill(pid, signal);
    },
  };
}

function readPid(path: string): number | undefined {
  try {
    const pid = Number(readFileSync(path, 'utf8'));
    return Number.isInteger(pid) && pid > 1 ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** False also for a zombie, whose executable cannot be read any more, and for a pid that another program has now. */
function isContainerd(pid: number): boolean {
  try {
    return basename(readlinkSync(`/proc/${pid}/exe`)).split(' ')[0] === containerdName;
  } catch {
    return false;
  }
}
