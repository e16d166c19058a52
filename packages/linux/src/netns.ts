/**
 * Network namespaces with a name: made, entered, kept by a bind mount of their file (network_namespaces(7), `ip netns`).
 *
 * unshare(2) and setns(2) move the calling thread alone. All of a visit runs synchronously on the JavaScript thread, which is back
 * home before anything else runs; the runtime's other threads never move. (A thread that the runtime happened to start from within a
 * visit would stay in the namespace until it ends: keep visits to a few calls, with everything prepared before.)
 */
import { closeSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { internal } from '@docker-ts/base/errors';
import { check, openLibc } from './libc.ts';
import { mount, MS, unmountAll } from './mount.ts';

const libc = openLibc({
  unshare: { args: ['i32'], returns: 'i32' },
  setns: { args: ['i32', 'i32'], returns: 'i32' },
});

const CLONE_NEWNET = 0x40000000;
const ownFile = '/proc/thread-self/ns/net';

function visit<Result>(enter: () => void, work: () => Result): Result {
  const home = openSync(ownFile, 'r');
  try {
    enter();
    try {
      return work();
    } finally {
      if (libc.setns(home, CLONE_NEWNET) === -1)
        // Going on in a container's network would be worse than anything.
        setImmediate(() => {
          throw internal('cannot return to the own network namespace');
        });
    }
  } finally {
    closeSync(home);
  }
}

/**
 * Makes a namespace, keeps it at `path` (a file that must not exist), runs `work` in it and answers its result. After a failure
 * nothing is left.
 */
export function createNetworkNamespace<Result>(path: string, work: () => Result): Result {
  writeFileSync(path, '', { flag: 'wx', mode: 0o444 });
  try {
    return visit(
      () => check(libc.unshare(CLONE_NEWNET), 'make a network namespace'),
      () => {
        mount(ownFile, path, '', MS.BIND);
        return work();
      },
    );
  } catch (error) {
    removeNetworkNamespace(path);
    throw error;
  }
}

/** Runs `work` in the namespace of the file at `path`. It must not wait for anything. */
export function inNetworkNamespace<Result>(path: string, work: () => Result): Result {
  const fd = openSync(path, 'r');
  try {
    return visit(() => check(libc.setns(fd, CLONE_NEWNET), () => `enter network namespace ${path}`), work);
  } finally {
    closeSync(fd);
  }
}

/** Takes the name away; the namespace ends when nothing runs in it any more. None is fine. */
export function removeNetworkNamespace(path: string): void {
  unmountAll(path);
  rmSync(path, { force: true });
}
