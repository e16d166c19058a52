/**
 * The background process: parent of the containers of one group, from `start` until Shutdown. The socket comes first, for `start` waits
 * for it; what serves tasks is loaded right after, before the first connection is looked at.
 */
import { invalidArgument, messageOf } from '@docker-ts/base/errors';
import { replaceDescriptor } from '@docker-ts/linux/dup';
import { closeDescriptor, openForWriting } from '@docker-ts/linux/start-up-file';
import { TtrpcServer } from '@docker-ts/rpc/ttrpc-server';
import { reportReady } from './bootstrap/ready-pipe.ts';
import type { CommandLine } from './command-line.ts';
import { Log } from './log.ts';
import { forgetEngineOptions } from './memory.ts';

/** From the first sign of the end to the last: open calls, queued events. */
const graceMs = 1000;
const flushTimeoutMs = 3000;
/** A shutdown that hangs all the same ends here. */
const watchdogMs = 5000;

export async function serveInBackground(flags: CommandLine): Promise<void> {
  if (flags.socket === '') throw invalidArgument('a verb is missing: start or delete');
  forgetEngineOptions();
  const log = new Log(flags.debug);
  const server = new TtrpcServer({ onDefect: (method, error) => log.warn(`${method}: ${messageOf(error)}`) });
  try {
    await server.listen(flags.socket);
  } catch (error) {
    reportReady(flags.readyFd, messageOf(error));
    throw error;
  }
  reportReady(flags.readyFd);
  redirectStderr();
  const { composeShim } = await import('./composition.ts');
  const { stopped, dispose } = composeShim({ flags, server, log });
  await stopped;
  setTimeout(() => process.exit(0), watchdogMs).unref();
  await server.close(graceMs);
  await dispose(flushTimeoutMs);
  process.exitCode = 0;
}

/** The bundle's `log` FIFO, which the daemon reads. Without it, stderr stays what it is: /dev/null. */
function redirectStderr(): void {
  try {
    const fd = openForWriting('log');
    replaceDescriptor(fd, 2);
    closeDescriptor(fd);
  } catch {
    // A daemon that keeps no log.
  }
}
