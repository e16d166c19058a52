/**
 * `start`: makes sure that a shim serves the container's group, and prints its address.
 *
 *     daemon ──start──▶ this process ──spawn──▶ background shim: listens, writes "ready" to a pipe
 *        ◀──address───        ◀────────pipe─────────┘
 *
 * Bun cannot listen on an inherited descriptor, so the background process makes the socket itself; the pipe holds the address back
 * until it accepts. Nothing that serves tasks is loaded here: this is on the way of every `docker run`.
 */
import { closeSync, existsSync, readFileSync, rmSync, symlinkSync, writeFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { internal, invalidArgument, messageOf } from '@docker-ts/base/errors';
import { makePipe } from '@docker-ts/linux/byte-io';
import { posixSpawn } from '@docker-ts/linux/posix-spawn';
import { UnixSocket } from '@docker-ts/linux/unix-socket';
import type { CommandLine } from '../command-line.ts';
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
  const address = `unix://${path}`;
  // Somebody there: the group's shim. Nobody, but a file: left by one that was killed; the new one takes its place.
  if (!(await isServed(path))) {
    prepareSocketDirectory(dirname(path));
    launch({ ...flags, bundle, id: group }, path, input);
  }
  leaveTraces(bundle, address, input);
  writeSync(1, bootstrapAnswer(address, input.bootstrap, process.env['MAX_SHIM_VERSION']));
}

async function isServed(path: string): Promise<boolean> {
  if (!existsSync(path)) return false;
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
    return readFileSync(0);
  } catch {
    // Closed, or a terminal that says no.
    return new Uint8Array();
  }
}

/** Starts the background process and waits until it listens. */
function launch(flags: CommandLine, path: string, input: BootstrapInput): void {
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
  closeSync(writeEnd);
  try {
    joinShimCgroup(pid, input.options);
    adjustOomScore(pid);
    awaitReady(readEnd);
  } catch (error) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It is gone already.
    }
    rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(readEnd);
  }
}

function environment(input: BootstrapInput): string[] {
  const env = { ...process.env, ...(input.ttrpcAddress === undefined ? {} : { TTRPC_ADDRESS: input.ttrpcAddress }) };
  return Object.entries(env).map(([name, value]) => `${name}=${value ?? ''}`);
}

/** `address` is read by daemons that lost their own record of it; `s` shows where the socket is (containerd 2.3). */
function leaveTraces(bundle: string, address: string, input: BootstrapInput): void {
  try {
    writeFileSync(join(bundle, 'address'), address, { mode: 0o600 });
    if (input.bootstrap) symlinkSync(dirname(address.slice('unix://'.length)), join(bundle, 's'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST')
      throw internal(`cannot write to the bundle: ${messageOf(error)}`, error);
  }
}
