/** The sinks of a process's stdout and stderr, from their addresses. Nobody to write to is `undefined`: output goes to /dev/null. */
import { closeSync } from 'node:fs';
import { FileSink } from './file-sink.ts';
import { type FifoOutput, openFifoOutput } from './fifo-output.ts';
import { JsonFileLog } from './json-file-sink.ts';
import { LiveSink } from './live-sink.ts';
import type { Readiness } from './readiness.ts';
import type { Sink } from './sink.ts';
import type { BinaryUri, JsonFileUri, OutputAddress, Stdio } from './stdio-uri.ts';
import type { Log } from '../log.ts';

export interface OutputSinks {
  readonly stdout: Sink | undefined;
  readonly stderr: Sink | undefined;
  /** Descriptors to close when the process is deleted. */
  readonly keep: readonly number[];
}

type CopiedAddress = Exclude<OutputAddress, BinaryUri>;

/** Which of the two streams are copied at all; known before the sinks are open. */
export function wantedStreams(address: CopiedAddress, stdio: Stdio): { stdout: boolean; stderr: boolean } {
  switch (address.kind) {
    case 'null':
      return { stdout: false, stderr: false };
    case 'fifo':
      return { stdout: stdio.stdout !== '', stderr: stdio.stderr !== '' && !stdio.terminal };
    case 'file':
    case 'json-file':
      return { stdout: true, stderr: !stdio.terminal };
  }
}

/** Opens them. Waits for the client where the address is a FIFO. */
export async function openOutputSinks(
  address: CopiedAddress,
  stdio: Stdio,
  readiness: Readiness,
  log: Log,
): Promise<OutputSinks> {
  const wanted = wantedStreams(address, stdio);
  switch (address.kind) {
    case 'null':
      return { stdout: undefined, stderr: undefined, keep: [] };
    case 'fifo':
      return openFifoPair(wanted, stdio, readiness);
    case 'file':
      return {
        stdout: FileSink.open(address.path, log),
        stderr: wanted.stderr ? FileSink.open(address.path, log) : undefined,
        keep: [],
      };
    case 'json-file':
      return openJsonFile(address, wanted, readiness, log);
  }
}

async function openFifoPair(
  wanted: { stdout: boolean; stderr: boolean },
  stdio: Stdio,
  readiness: Readiness,
): Promise<OutputSinks> {
  // Together: a client may open them in any order, each open waiting for us.
  const [stdout, stderr] = await Promise.allSettled([
    wanted.stdout ? openFifoOutput(stdio.stdout, readiness) : undefined,
    wanted.stderr ? openFifoOutput(stdio.stderr, readiness) : undefined,
  ]);
  if (stdout.status === 'fulfilled' && stderr.status === 'fulfilled') {
    const keep = [stdout.value?.keep, stderr.value?.keep].filter((fd) => fd !== undefined);
    return { stdout: stdout.value?.sink, stderr: stderr.value?.sink, keep };
  }
  for (const result of [stdout, stderr]) if (result.status === 'fulfilled') closeOutput(result.value);
  throw stdout.status === 'rejected' ? stdout.reason : (stderr as PromiseRejectedResult).reason;
}

function closeOutput(output: FifoOutput | undefined): void {
  output?.sink.close();
  if (output?.keep !== undefined) closeSync(output.keep);
}

function openJsonFile(address: JsonFileUri, wanted: { stderr: boolean }, readiness: Readiness, log: Log): OutputSinks {
  const file = new JsonFileLog(address, log);
  const live = (path: string | undefined): Sink | undefined =>
    path === undefined ? undefined : new LiveSink(path, readiness);
  return {
    stdout: file.sink('stdout', live(address.liveStdout)),
    stderr: wanted.stderr ? file.sink('stderr', live(address.liveStderr)) : undefined,
    keep: [],
  };
}
