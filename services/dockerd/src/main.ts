/** dockerd-ts: the Docker Engine API over containerd. This file reads the command line and runs the daemon until a signal. */
import { messageOf } from '@docker-ts/base/errors';
import { parseFlags } from './config/flags.ts';
import { createLog } from './config/log.ts';
import { resolveOptions } from './config/resolve.ts';
import { Daemon } from './daemon.ts';

/** A shutdown that hangs is ended after this. */
const shutdownTimeoutMs = 15_000;

function untilSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const) process.on(signal, () => resolve(signal));
  });
}

async function main(): Promise<void> {
  const flags = await parseFlags(process.argv.slice(2));
  if (flags.kind === 'print') {
    process.stdout.write(flags.text);
    return;
  }
  const options = resolveOptions(flags.values);
  if (flags.values.validate === true) {
    process.stderr.write('configuration OK\n');
    return;
  }
  const log = createLog(options.logLevel);
  // A client that resets its connection at the wrong moment must not end everybody else's.
  process.on('uncaughtException', (error) => log.error(`uncaught: ${error.stack ?? error.message}`));
  process.on('unhandledRejection', (error) =>
    log.error(`unhandled: ${(error as Error | undefined)?.stack ?? String(error)}`),
  );
  const signal = untilSignal();
  let daemon: Daemon;
  try {
    daemon = await Daemon.open(options, log);
  } catch (error) {
    throw new Error(`failed to start daemon: ${messageOf(error)}`, { cause: error });
  }
  log.info(`received ${await signal}: containers run on, the daemon ends`);
  const watchdog = setTimeout(() => {
    log.error('the shutdown takes too long');
    process.exit(1);
  }, shutdownTimeoutMs);
  watchdog.unref();
  await daemon[Symbol.asyncDispose]();
  clearTimeout(watchdog);
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${messageOf(error)}\n`);
    process.exit(1);
  },
);
