/** The streams of a container's run as its record describes them: FIFOs, log file, log driver. */
import { messageOf } from '@docker-ts/base/errors';
import { openJsonFileSink } from '../logging/json-file-sink.ts';
import type { ContainerStdioOptions, LogFile } from '../stdio/container-stdio.ts';
import type { Container } from './container.ts';
import type { DomainContext } from './context.ts';
import { logAttributes, logLimits } from './log-config.ts';

/** Options for this run's ContainerStdio. */
export function stdioOptions(
  { paths, log }: Pick<DomainContext, 'paths' | 'log'>,
  container: Container,
  adopted = false,
): ContainerStdioOptions {
  const { id, config, hostConfig, stdio: mode } = container.record;
  const logFile: LogFile = {
    path: paths.log(id),
    ...logLimits(hostConfig.LogConfig),
    attrs: logAttributes(hostConfig.LogConfig, config.Labels ?? {}, config.Env ?? []),
  };
  const onLogError = (error: unknown): void =>
    void log.error(`cannot write the log of container ${id}: ${messageOf(error)}`);
  return {
    folder: paths.stdio(id),
    tty: config.Tty === true,
    openStdin: config.OpenStdin === true,
    mode,
    logFile,
    ...(mode === 'fifo' && hostConfig.LogConfig?.Type !== 'none'
      ? { logSink: openJsonFileSink(logFile, onLogError) }
      : {}),
    output: container.output,
    adopted,
  };
}
