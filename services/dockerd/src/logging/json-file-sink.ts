/** The daemon as the writer of a container's log, where the shim does not do it: two encoders, one file. */
import { JsonFileWriter } from '@docker-ts/logs/json-file-writer';
import { JsonLineEncoder } from '@docker-ts/logs/json-line';
import type { LineTime } from '@docker-ts/logs/line-time';
import { nowNs } from '../containers/clock.ts';
import type { LogFile, LogSink } from '../stdio/container-stdio.ts';
import type { OutputStream } from '../stdio/multiplex.ts';

const nsPerSecond = 1_000_000_000n;

function lineTime(): LineTime {
  const ns = nowNs();
  return { seconds: ns / nsPerSecond, nanos: Number(ns % nsPerSecond) };
}

/** `onError` hears of the first of a row of writes that failed; what they were about is lost. */
export function openJsonFileSink(file: LogFile, onError: (error: unknown) => void): LogSink {
  let failing = false;
  const writer = JsonFileWriter.open({
    path: file.path,
    maxFiles: file.maxFiles,
    ...(file.maxSizeBytes > 0 ? { maxSizeBytes: file.maxSizeBytes } : {}),
  });
  const encoders: Readonly<Record<OutputStream, JsonLineEncoder>> = {
    stdout: new JsonLineEncoder(writer, 'stdout', file.attrs),
    stderr: new JsonLineEncoder(writer, 'stderr', file.attrs),
  };
  // a log that cannot be written (a full disk) must not stop the container, which waits for its pipe to be read
  const attempt = (work: () => void): void => {
    try {
      work();
      failing = false;
    } catch (error) {
      if (!failing) onError(error);
      failing = true;
    }
  };
  return {
    write(stream, chunk) {
      attempt(() => {
        encoders[stream].push(chunk, lineTime());
        writer.flush();
      });
    },
    close() {
      const time = lineTime();
      attempt(() => {
        encoders.stdout.end(time);
        encoders.stderr.end(time);
      });
      attempt(() => writer[Symbol.dispose]());
      return Promise.resolve();
    },
  };
}
