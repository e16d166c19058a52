/**
 * Calls of a shim's executable: `start`, `delete` and `-info`, with the flags and the environment that containerd 2.0 to 2.2 give it
 * (stdin: the runtime options as a serialized Any, or nothing).
 */
import { internal, invalidArgument, messageOf, notFound, unavailable } from '@docker-ts/base/errors';
import { DeleteResponse } from '@docker-ts/rpc/gen/containerd/runtime/task/v3/shim';
import { RuntimeInfo } from '@docker-ts/rpc/gen/containerd/types/introspection';
import { Any } from '@docker-ts/rpc/gen/google/protobuf/any';
import type { Timestamp } from '@docker-ts/rpc/gen/google/protobuf/timestamp';
import { parseStartAnswer, type ShimAddress } from './bootstrap.ts';
import type { Bundle } from './bundle.ts';

/** What every shim is told about the daemon. */
export interface ShimEnvironment {
  /** Path of the daemon's gRPC socket; the ttrpc socket is beside it, `.ttrpc` added. */
  readonly grpcAddress: string;
  readonly debug: boolean;
  /** `NAME=value`, from the configuration. */
  readonly extra?: readonly string[];
}

/** How a task ended. */
export interface TaskExitRecord {
  readonly pid: number;
  readonly exitStatus: number;
  readonly exitedAt: Timestamp;
}

const deleteTimeoutMs = 5000;

/** How long the output of a process that has exited may stay open. */
const outputGraceMs = 2000;

interface Finished {
  readonly exitCode: number;
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
}

interface Run {
  readonly command: readonly string[];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin: Uint8Array;
  readonly timeoutMs?: number;
}

/** Runs to the end: the process has exited and its output is closed, or given up. */
async function run({ command, cwd, env, stdin, timeoutMs }: Run): Promise<Finished> {
  // Bun.spawn: starting a shim is most of what starting a container costs the daemon, and child_process adds two milliseconds to it
  let child: Bun.Subprocess<Uint8Array, 'pipe', 'pipe'>;
  try {
    child = Bun.spawn([...command], {
      ...(cwd !== undefined && { cwd }),
      env: { ...process.env, ...env },
      stdin,
      stdout: 'pipe',
      stderr: 'pipe',
      // a process group of its own: a terminal's Ctrl-C on the daemon must not reach it
      detached: true,
      ...(timeoutMs !== undefined && { timeout: timeoutMs, killSignal: 'SIGKILL' }),
    });
  } catch (error) {
    throw notFound(`cannot run "${command[0]}": ${messageOf(error)}`, error);
  }
  const [stdout, stderr] = [new Output(child.stdout), new Output(child.stderr)];
  const exitCode = await child.exited;
  // somebody that it started may hold the output open, for ever: what has come by then is the answer
  const limit = setTimeout(() => [stdout, stderr].forEach((output) => output.giveUp()), outputGraceMs);
  const bytes = await Promise.all([stdout.bytes, stderr.bytes]);
  clearTimeout(limit);
  return { exitCode, stdout: bytes[0], stderr: bytes[1] };
}

/** What a process writes, until everybody has closed the stream or the reader gives up. */
class Output {
  readonly bytes: Promise<Uint8Array>;
  readonly #reader: { read(): Promise<{ done: boolean; value?: Uint8Array | undefined }>; cancel(): Promise<void> };

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.getReader();
    this.bytes = this.#readAll();
  }

  giveUp(): void {
    this.#reader.cancel().catch(() => {});
  }

  async #readAll(): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [];
    for (;;) {
      const { done, value } = await this.#reader.read();
      if (done || value === undefined) return Buffer.concat(pieces);
      pieces.push(value);
    }
  }
}

const textOf = (...parts: readonly Uint8Array[]): string =>
  parts
    .map((part) => new TextDecoder().decode(part).trim())
    .filter(Boolean)
    .join('\n');

/** One shim's executable, seen from one task. */
export class ShimBinary {
  readonly path: string;
  readonly #bundle: Bundle;
  readonly #environment: ShimEnvironment;

  constructor(path: string, bundle: Bundle, environment: ShimEnvironment) {
    this.path = path;
    this.#bundle = bundle;
    this.#environment = environment;
  }

  /** Starts a shim in the background, or finds the one of the task's group. @throws unknown with all that it printed. */
  async start(options: Any | undefined): Promise<ShimAddress> {
    const stdin = options ? Any.encode(options).finish() : new Uint8Array();
    const { exitCode, stdout, stderr } = await run({ ...this.#call('start', []), stdin });
    if (exitCode !== 0) {
      throw internal(`start failed: ${textOf(stdout, stderr)}: exit status ${exitCode}: unknown`);
    }
    return parseStartAnswer(stdout.length > 0 ? stdout : stderr);
  }

  /** Cleans up after a shim that is no more. @throws unknown with what it printed, or if it takes too long. */
  async delete(): Promise<TaskExitRecord> {
    const call = this.#call('delete', ['-bundle', this.#bundle.path]);
    const { exitCode, stdout, stderr } = await run({ ...call, stdin: new Uint8Array(), timeoutMs: deleteTimeoutMs });
    if (exitCode !== 0) throw unavailable(`${textOf(stderr)}: exit status ${exitCode}`);
    // nothing printed would read as "exited with 0 in 1970"
    if (stdout.length === 0) throw unavailable(`${this.path} delete printed no answer`);
    const { pid, exitStatus, exitedAt } = DeleteResponse.decode(stdout);
    return { pid, exitStatus, exitedAt: exitedAt ?? { seconds: 0n, nanos: 0 } };
  }

  #call(verb: string, flags: readonly string[]): Omit<Run, 'stdin'> {
    const { namespace, id, path } = this.#bundle;
    const { grpcAddress, debug, extra } = this.#environment;
    const command = [this.path, '-namespace', namespace, '-address', grpcAddress, '-publish-binary', process.execPath];
    command.push('-id', id, ...flags, ...(debug ? ['-debug'] : []), verb);
    const configured = (extra ?? []).map((pair): [string, string] => {
      const equals = pair.indexOf('=');
      return equals < 0 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)];
    });
    const env = {
      ...Object.fromEntries(configured),
      GOMAXPROCS: '2',
      MAX_SHIM_VERSION: '2',
      TTRPC_ADDRESS: `${grpcAddress}.ttrpc`,
      GRPC_ADDRESS: grpcAddress,
      NAMESPACE: namespace,
    };
    return { command, cwd: path, env };
  }
}

/** What a shim tells about itself and its runtime (`-info`). @throws invalid_argument if it cannot. */
export async function readRuntimeInfo(path: string, options: Any | undefined): Promise<RuntimeInfo> {
  const stdin = options ? Any.encode(options).finish() : new Uint8Array();
  const { exitCode, stdout, stderr } = await run({ command: [path, '-info'], stdin, timeoutMs: deleteTimeoutMs });
  if (exitCode !== 0) {
    throw internal(`failed to run ${path} -info: exit status ${exitCode} (stderr: ${JSON.stringify(textOf(stderr))})`);
  }
  try {
    return RuntimeInfo.decode(stdout);
  } catch (error) {
    throw invalidArgument(`failed to read what ${path} -info printed: malformed message`, error);
  }
}
