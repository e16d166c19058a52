/**
 * `delete`: what the daemon runs when the shim is gone, to clear away whatever is left of a container: the runtime's state with
 * every process, and the mounts. Anything may be missing. The answer, a DeleteResponse, stands for the exit that nobody saw.
 */
import { writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { invalidArgument, messageOf } from '@docker-ts/base/errors';
import { wallTime } from '@docker-ts/linux/clock';
import { DeleteResponse } from '@docker-ts/rpc/gen/containerd/runtime/task/v3/shim';
import type { CommandLine } from './command-line.ts';
import type { Log } from './log.ts';
import { Reaper } from './process/reaper.ts';
import { findRuntime } from './runtime/lookup.ts';
import { readPidFile } from './runtime/runtime-log.ts';
import { loadOptions, runtimeRoot } from './runtime/runtime-options.ts';
import { isMissing, Runtime } from './runtime/runtime.ts';
import { Readiness } from './stdio/readiness.ts';
import { unmountRootfs } from './task/rootfs.ts';

/** As of a process that SIGKILL ended. */
const killedStatus = 137;

export async function deleteVerb(flags: CommandLine, log: Log): Promise<void> {
  if (flags.id === '' || basename(flags.id) !== flags.id) throw invalidArgument(`cannot delete shim "${flags.id}"`);
  // As the Go shim has it: the working directory is some bundle, ours lies beside it.
  const bundle = join(dirname(process.cwd()), flags.id);
  const options = loadOptions(bundle);
  using reaper = new Reaper().listen();
  using readiness = new Readiness().listen();
  try {
    const runtime = new Runtime({
      binary: findRuntime(options.binaryName),
      root: runtimeRoot(options, flags.namespace),
      logPath: join(bundle, 'log.json'),
      systemdCgroup: options.systemdCgroup,
      reaper,
      readiness,
      log,
    });
    await runtime.delete(flags.id, true);
  } catch (error) {
    if (!isMissing(error)) log.warn(`cannot delete container ${flags.id}: ${messageOf(error)}`);
  }
  try {
    unmountRootfs(join(bundle, 'rootfs'));
  } catch (error) {
    log.warn(`cannot unmount the rootfs of ${flags.id}: ${messageOf(error)}`);
  }
  const response = { pid: initPid(bundle), exitStatus: killedStatus, exitedAt: wallTime() };
  writeSync(1, DeleteResponse.encode(DeleteResponse.fromPartial(response)).finish());
}

function initPid(bundle: string): number {
  try {
    return readPidFile(join(bundle, 'init.pid')) || 0;
  } catch {
    return 0;
  }
}
