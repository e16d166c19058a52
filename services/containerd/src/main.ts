/** containerd-ts: reads the configuration, starts the daemon, waits for a signal, stops it. */
import { messageOf } from '@docker-ts/base/errors';
import { parseCommandLine } from './config/command-line.ts';
import { defaultConfig } from './config/config.ts';
import type { LoadedConfig } from './config/config-file.ts';
import { formatConfig } from './config/config-text.ts';
import { startDaemon } from './daemon.ts';
import { openLogger } from './log/logger.ts';

/** A stop that takes longer than this is given up; containers do not depend on it. */
const stopTimeoutMs = 10_000;

async function serve({ config, warnings }: LoadedConfig): Promise<void> {
  const logger = openLogger(config.log);
  for (const warning of warnings) logger.warn(warning);
  // a client that goes away while it is answered must not end the daemon
  process.on('SIGPIPE', () => {});
  // the last resort: one call's fault must not end everybody's tasks; metadata change in transactions that take themselves back
  process.on('uncaughtException', (error) => logger.error(`uncaught: ${error.stack ?? error.message}`));
  process.on('unhandledRejection', (error) =>
    logger.error(`unhandled: ${(error as Error | undefined)?.stack ?? String(error)}`),
  );
  const stopped = Promise.withResolvers<string>();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stopped.resolve(signal));
  try {
    await using _daemon = await startDaemon({ config, logger });
    logger.info('stop requested', { signal: await stopped.promise });
    setTimeout(() => {
      process.stderr.write('containerd-ts: stop takes too long: giving up\n');
      // oxlint-disable-next-line unicorn/no-process-exit -- the watchdog: what hangs would keep the process alive
      process.exit(1);
    }, stopTimeoutMs).unref();
  } finally {
    logger.end();
  }
}

async function main(): Promise<void> {
  try {
    const invocation = parseCommandLine(process.argv.slice(2));
    if (invocation.action === 'print-default-config') process.stdout.write(formatConfig(defaultConfig));
    else if (invocation.action === 'print-config') process.stdout.write(formatConfig(invocation.load().config));
    else await serve(invocation.load());
  } catch (error) {
    process.stderr.write(`containerd-ts: ${messageOf(error)}\n`);
    process.exitCode = 1;
  }
}

void main();
