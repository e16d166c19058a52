/** `GET /containers/x/logs`: the container's log file as the stream that clients read. */
import { invalidArgument, unimplemented } from '@docker-ts/base/errors';
import { type LogLine, readJsonFileLog } from '../logging/json-file-reader.ts';
import { frame, type OutputStream } from '../stdio/multiplex.ts';
import type { Container } from './container.ts';
import type { DomainContext } from './context.ts';

export interface LogOptions {
  readonly streams: ReadonlySet<OutputStream>;
  readonly tail?: number;
  readonly sinceNs?: bigint;
  readonly untilNs?: bigint;
  /** In front of each line: its time, its attributes. */
  readonly timestamps?: boolean;
  readonly details?: boolean;
  /** Stay while the container runs. */
  readonly follow?: AbortSignal;
}

/** unimplemented for a container whose log is kept nowhere. */
export function verifyLogReading({ record }: Container): void {
  if (record.hostConfig.LogConfig?.Type === 'none')
    throw unimplemented('configured logging driver does not support reading');
}

/** The log as it goes over the wire: raw with a terminal, framed line by line without. */
export async function* streamLogs(
  { paths }: DomainContext,
  container: Container,
  options: LogOptions,
): AsyncGenerator<Uint8Array> {
  const { config, id } = container.record;
  verifyLogReading(container);
  if (options.streams.size === 0) throw invalidArgument('Bad parameters: you must choose at least one stream');
  const { tail, sinceNs, untilNs, follow } = options;
  const batches = readJsonFileLog({
    path: paths.log(id),
    ...(tail === undefined ? {} : { tail }),
    ...(sinceNs === undefined ? {} : { sinceNs }),
    ...(untilNs === undefined ? {} : { untilNs }),
    ...(follow === undefined
      ? {}
      : { follow: { signal: follow, ended: () => !container.isRunning && container.state.status !== 'restarting' } }),
  });
  for await (const batch of batches) {
    const bytes = encodeLines(batch, options, config.Tty === true);
    if (bytes.length > 0) yield bytes;
  }
}

function encodeLines(lines: readonly LogLine[], options: LogOptions, tty: boolean): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const line of lines) {
    if (!options.streams.has(line.stream)) continue;
    const text = Buffer.from(`${prefixOf(line, options)}${line.text}`);
    parts.push(tty ? text : frame(line.stream, text));
  }
  return Buffer.concat(parts);
}

function prefixOf({ time, attrs }: LogLine, { timestamps, details }: LogOptions): string {
  const words = Object.entries(attrs).map(
    ([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`,
  );
  return `${timestamps === true ? `${fixedTime(time)} ` : ''}${details === true ? `${words.join(',')} ` : ''}`;
}

/** Nine digits of the second always, so that lines stand in columns. */
function fixedTime(time: string): string {
  const match = /^(.*?:\d\d:\d\d)(?:\.(\d+))?Z$/.exec(time);
  return match === null ? time : `${match[1]}.${(match[2] ?? '').padEnd(9, '0')}Z`;
}
