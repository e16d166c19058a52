/**
 * Creating and starting execs. The FIFOs are open for reading before containerd is asked, so that the shim's opening of its ends
 * never waits, and nothing is lost of a process that is over at once.
 */
import { CodedError, conflict, invalidArgument, isCode, messageOf } from '@docker-ts/base/errors';
import { makeFifo } from '@docker-ts/linux/fifo';
import { readRootedFile } from '@docker-ts/linux/rooted-file';
import type { Process, RuntimeSpec } from '@docker-ts/oci/runtime-spec';
import { jsonType, packJson, unpackJson } from '@docker-ts/rpc/any';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Container } from '../containers/container.ts';
import { publish } from '../containers/container-events.ts';
import type { DomainContext } from '../containers/context.ts';
import { type ProcessUser, resolveUser } from '../spec/user.ts';
import { failureCode } from '../containers/failure-code.ts';
import { FifoReader } from '../stdio/fifo-reader.ts';
import { FifoWriter } from '../stdio/fifo-writer.ts';
import type { OutputStream } from '../stdio/multiplex.ts';
import type { ExecRegistry } from './exec-registry.ts';
import { Exec, type ExecConfig } from './exec.ts';
import { execProcess } from './exec-process.ts';

/** 128 + SIGKILL: what ended with its container. */
const killedExitCode = 137;
/** An honest passwd file is smaller. */
const userFileMaxBytes = 4 * 1024 * 1024;

/** Makes an exec; conflict unless the container runs and is not paused. */
export function createExec(
  context: DomainContext,
  execs: ExecRegistry,
  container: Container,
  reference: string,
  config: ExecConfig,
): Exec {
  if ((config.Cmd?.length ?? 0) === 0) throw invalidArgument('No exec command specified');
  container.requireRunning();
  if (container.state.status === 'paused')
    throw conflict(`Container ${reference} is paused, unpause the container before exec`);
  const exec = new Exec(container, config);
  execs.add(exec);
  publish(context, container, `exec_create: ${(config.Cmd ?? []).join(' ')}`, { execID: exec.id });
  return exec;
}

export interface ExecStreams {
  readonly stdin: boolean;
  readonly output: boolean;
}

/** A started exec: its input, and the end of everything about it. */
export interface RunningExec {
  readonly stdin: FifoWriter | undefined;
  readonly ended: Promise<void>;
}

/**
 * conflict if it was started before. On failure the exec has the exit code that a shell would give; its output is left for the
 * caller to end, who may have something to tell there.
 */
export async function startExec(context: DomainContext, exec: Exec, streams: ExecStreams): Promise<RunningExec> {
  exec.requireStartable();
  exec.status = 'running';
  try {
    return await launch(context, exec, streams);
  } catch (error) {
    exec.status = 'exited';
    exec.exitCode = failureCode(messageOf(error));
    throw execError(error);
  }
}

async function launch(context: DomainContext, exec: Exec, streams: ExecStreams): Promise<RunningExec> {
  const { containerd } = context;
  const containerId = exec.container.id;
  let exited: Promise<number>;
  const io = new ExecStdio(context.paths.execStdio(containerId, exec.id), exec, streams);
  try {
    const spec = packJson(jsonType.process, await makeProcess(context, exec));
    await containerd.tasks.exec({ containerId, execId: exec.id, ...io.addresses, spec });
    try {
      // Asked before the start: the end of a short process is known without another round trip.
      exited = waitForExec(context, { containerId, execId: exec.id });
      exited.catch(() => {});
      const { pid } = await containerd.tasks.start({ containerId, execId: exec.id });
      exec.pid = pid;
    } catch (error) {
      await containerd.tasks.deleteProcess({ containerId, execId: exec.id }).catch(() => {});
      throw error;
    }
  } catch (error) {
    await io.finish();
    throw error;
  }
  publish(context, exec.container, `exec_start: ${(exec.config.Cmd ?? []).join(' ')}`, { execID: exec.id });
  return { stdin: io.stdin, ended: follow(context, exec, io, exited) };
}

async function makeProcess(context: DomainContext, exec: Exec): Promise<Process> {
  const { container } = exec;
  container.process ??= await readProcess(context, container.id);
  const { User: spec = '' } = exec.config;
  const user = spec === '' ? undefined : lookUpUser(container.state.pid, spec);
  return execProcess(context, exec, container.process, user);
}

/** In the running container's own passwd and group, read beneath its root. */
function lookUpUser(pid: number, spec: string): ProcessUser {
  const read = (path: string): string | undefined => {
    try {
      return readRootedFile(`/proc/${pid}/root`, path, userFileMaxBytes);
    } catch (error) {
      if (isCode(error, 'not_found')) return undefined;
      throw error;
    }
  };
  return resolveUser(spec, { passwd: read('/etc/passwd'), group: read('/etc/group') });
}

/** After a restart of the daemon the spec is containerd's to tell. */
async function readProcess({ containerd }: DomainContext, id: string): Promise<Process> {
  const { container } = await containerd.containers.get({ id });
  const { process } = unpackJson(container?.spec, jsonType.spec) as RuntimeSpec;
  if (process === undefined) throw new CodedError('internal', `cannot read the spec of container "${id}": no process`);
  return process;
}

/** Waits for the end in the background; the exit code is there before the output's end is told. */
async function follow(context: DomainContext, exec: Exec, io: ExecStdio, exited: Promise<number>): Promise<void> {
  const { containerd, log } = context;
  const names = { containerId: exec.container.id, execId: exec.id };
  const forgotten = Promise.withResolvers<undefined>();
  exec.onForget = () => forgotten.resolve(undefined);
  let exitCode = killedExitCode;
  let deleted: Promise<unknown> | undefined;
  try {
    const answer = await Promise.race([exited, forgotten.promise]);
    exitCode = answer ?? exitCode;
    if (answer !== undefined) deleted = containerd.tasks.deleteProcess(names);
  } catch (error) {
    if (!isCode(error, 'not_found')) log.warn(`cannot follow exec ${exec.id}: ${messageOf(error)}`);
  }
  exec.onForget = undefined;
  exec.exitCode = exitCode;
  exec.status = 'exited';
  // The shim closes its ends when the process's pipes are empty: the output's end need not wait for the deletion.
  if (deleted !== undefined) context.background.run(`delete exec ${exec.id}`, deleted.catch(ignoreNotFound));
  await io.finish();
  exec.output.end();
  publish(context, exec.container, 'exec_die', { execID: exec.id, exitCode: String(exitCode) });
}

function ignoreNotFound(error: unknown): void {
  if (!isCode(error, 'not_found')) throw error;
}

async function waitForExec(
  { containerd, shutdown }: DomainContext,
  names: { containerId: string; execId: string },
): Promise<number> {
  for (;;)
    try {
      return (await containerd.tasks.wait(names, { signal: shutdown })).exitStatus;
    } catch (error) {
      if (!isCode(error, 'unavailable')) throw error;
      await containerd.waitForReady(60_000);
      await Bun.sleep(100);
    }
}

/** FIFOs of one exec, plain ones by containerd's convention. */
class ExecStdio {
  readonly addresses: { stdin: string; stdout: string; stderr: string; terminal: boolean };
  readonly stdin: FifoWriter | undefined;
  readonly #folder: string;
  readonly #readers: FifoReader[];

  constructor(folder: string, exec: Exec, streams: ExecStreams) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const fifo = (name: string, wanted: boolean): string => {
      if (!wanted) return '';
      makeFifo(join(folder, name));
      return join(folder, name);
    };
    const terminal = exec.config.Tty === true;
    const stdin = fifo('stdin', streams.stdin);
    const stdout = fifo('stdout', streams.output);
    const stderr = fifo('stderr', streams.output && !terminal);
    this.addresses = { stdin, stdout, stderr, terminal };
    this.stdin = stdin === '' ? undefined : new FifoWriter(stdin);
    this.#readers = [
      [stdout, 'stdout'],
      [stderr, 'stderr'],
    ]
      .filter(([path]) => path !== '')
      .map(([path = '', stream]) => new FifoReader(path, (chunk) => exec.output.write(stream as OutputStream, chunk)));
  }

  async finish(): Promise<void> {
    this.stdin?.destroy();
    await Promise.allSettled(this.#readers.map((reader) => reader.finish()));
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** The words that the CLI's users know: the runtime's message, with what it was about in front. */
function execError(error: unknown): CodedError {
  const message = messageOf(error).replace(/: unknown$/, '');
  if (!message.includes('OCI runtime'))
    return error instanceof CodedError ? error : new CodedError('unknown', message, { cause: error });
  const code = failureCode(message) === 128 ? 'unknown' : 'invalid_argument';
  return new CodedError(code, message, { cause: error });
}
