/**
 * `start`: makes sure that a shim serves the container's group, and prints its address.
 *
 *     daemon ──start──▶ this process ──spawn──▶ background shim: listens, writes "ready" to a pipe
 *        ◀──address───        ◀────────pipe─────────┘
 *
 * Bun cannot listen on an inherited descriptor, so the background process makes the socket itself; the pipe holds the address back
 * until it accepts. Nothing that serves tasks is loaded here: this is on the way of every `docker run`.
 */
import { invalidArgument, isCode, wrap } from '@docker-ts/base/errors';
import { makePipe } from '@docker-ts/linux/byte-io';
import { posixSpawn } from '@docker-ts/linux/posix-spawn';
import {
  closeDescriptor,
  makeLink,
  pathExists,
  readToEnd,
  removeFile,
  writeWhole,
  writeWholeFile,
} from '@docker-ts/linux/start-up-file';
import { UnixSocket } from '@docker-ts/linux/unix-socket';
import type { CommandLine } from '../command-line.ts';
import { leanEnvironment } from '../memory.ts';
import { bootstrapAnswer } from './bootstrap-answer.ts';
import { type BootstrapInput, readBootstrapInput } from './bootstrap-params.ts';
import { adjustOomScore, joinShimCgroup } from './placement.ts';
import { awaitReady } from './ready-pipe.ts';
import { groupOf, prepareSocketDirectory, socketPath } from './socket-address.ts';

export async function startVerb(flags: CommandLine): Promise<void> {
  if (flags.id === '' || flags.namespace === '') throw invalidArgument('shim id and namespace cannot be empty');
  const bundle = flags.bundle === '' ? process.cwd() : flags.bundle;
  const input = readBootstrapInput(readStdin(), flags.id);
  const group = groupOf(bundle, flags.id);
  const path = socketPath({
    directory: input.socketDir,
    grpcAddress: flags.address,
    namespace: flags.namespace,
    group,
  });
  // Somebody there: the group's shim. Nobody, but a file: left by one that was killed; the new one takes its place.
  if (!(await isServed(path))) {
    prepareSocketDirectory(path.slice(0, path.lastIndexOf('/')));
    await launch({ ...flags, bundle }, path, input);
  }
  leaveTraces(bundle, path, input);
  writeWhole(1, bootstrapAnswer(addressOf(path), input.bootstrap, process.env['MAX_SHIM_VERSION']));
}

function addressOf(socket: string): string {
  return `unix://${socket}`;
}

async function isServed(path: string): Promise<boolean> {
  if (!pathExists(path)) return false;
  try {
    const socket = await UnixSocket.connect(path);
    socket.destroy();
    return true;
  } catch {
    return false;
  }
}

function readStdin(): Uint8Array {
  try {
    return readToEnd(0);
  } catch {
    // Closed, or a terminal that says no.
    return new Uint8Array();
  }
}

/** Starts the background process and waits until it listens. */
async function launch(flags: CommandLine, path: string, input: BootstrapInput): Promise<void> {
  const { readEnd, writeEnd } = makePipe();
  const readyFd = 3;
  const args = ['-namespace', flags.namespace, '-id', flags.id, '-address', flags.address];
  const pid = posixSpawn({
    path: process.execPath,
    argv: [
      process.execPath,
      ...args,
      '-socket',
      path,
      '-ready-fd',
      String(readyFd),
      ...(flags.debug ? ['-debug'] : []),
    ],
    env: environment(input),
    stdio: [null, null, null, writeEnd],
    cwd: flags.bundle,
    newSession: true,
  });
  closeDescriptor(writeEnd);
  try {
    await joinShimCgroup(pid, input.options);
    adjustOomScore(pid);
    awaitReady(readEnd);
  } catch (error) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It is gone already.
    }
    // Two starts of one group at once: the other one's shim has taken the socket, and serves us as well.
    if (await isServed(path)) return;
    if (pathExists(path)) removeFile(path);
    throw error;
  } finally {
    closeDescriptor(readEnd);
  }
}

function environment(input: BootstrapInput): string[] {
  const env = leanEnvironment({
    ...process.env,
    ...(input.ttrpcAddress === undefined ? {} : { TTRPC_ADDRESS: input.ttrpcAddress }),
  });
  return Object.entries(env).map(([name, value]) => `${name}=${value ?? ''}`);
}

/** `address` is read by daemons that lost their own record of it; `s` shows where the socket is (containerd 2.3). */
function leaveTraces(bundle: string, socket: string, input: BootstrapInput): void {
  try {
    writeWholeFile(`${bundle}/address`, Buffer.from(addressOf(socket)), 0o600);
    if (input.bootstrap) makeLink(socket.slice(0, socket.lastIndexOf('/')), `${bundle}/s`);
  } catch (error) {
    if (!isCode(error, 'already_exists')) throw wrap(error, 'cannot write to the bundle');
  }
}
