/**
 * `POST /containers/x/start`: sandbox, spec, containerd container, task. Nothing of it is written to the record before the
 * process runs: what a crash leaves is a containerd container whose record says that it does not run, which reconciliation
 * takes away (or adopts, if the process made it).
 */
import { CodedError, conflict, invalidArgument, isCode, messageOf, notModified, unknown } from '@docker-ts/base/errors';
import { jsonType, packJson } from '@docker-ts/rpc/any';
import type { Container as ContainerMessage } from '@docker-ts/rpc/gen/containerd/services/containers/v1/containers';
import type { InputOf } from '@docker-ts/rpc/service';
import type { RuntimeSpec } from '@docker-ts/oci/runtime-spec';
import { writeFile } from 'node:fs/promises';
import { prepareMountSources } from '../spec/mount-points.ts';
import { ContainerStdio } from '../stdio/container-stdio.ts';
import { now } from './clock.ts';
import type { Container } from './container.ts';
import { publish } from './container-events.ts';
import { containerLabel, type DomainContext, ownerLabel } from './context.ts';
import { waitForExit, watchExit } from './exit.ts';
import { failureCode } from './failure-code.ts';
import { stdioOptions } from './log-file.ts';
import type { NetworkSandbox } from './ports.ts';
import { never } from './record.ts';
import { removeContainer } from './remove.ts';

/** not_modified if it runs already; conflict while it is paused or being removed. */
export function startContainer(context: DomainContext, container: Container): Promise<void> {
  return container.lock.run(async () => {
    const { status } = container.state;
    if (status === 'paused') throw conflict('cannot start a paused container, try unpause instead');
    if (status === 'running') throw notModified(`container ${container.id} is running`);
    if (status === 'removing' || status === 'dead')
      throw conflict('container is marked for removal and cannot be started');
    container.pendingRestart?.cancel();
    container.patch({ manuallyStopped: false, restartCount: 0 });
    container.restartDelayMs = 0;
    await runTask(context, container);
  });
}

/** One run. The caller holds the container's lock. A failure is written to the record and told as the original tells it. */
export async function runTask(context: DomainContext, container: Container): Promise<void> {
  try {
    const pid = await launch(context, container);
    container.patchState({
      status: 'running',
      pid,
      exitCode: 0,
      error: '',
      oomKilled: false,
      startedAt: now(),
    });
    await context.registry.save(container);
    publish(context, container, 'start');
  } catch (error) {
    const told = startError(error);
    await recordFailure(context, container, told);
    throw told;
  }
}

async function recordFailure(context: DomainContext, container: Container, error: CodedError): Promise<void> {
  const { message } = error;
  container.patchState({ pid: 0, exitCode: failureCode(message), error: message });
  if (container.state.startedAt === never) container.patchState({ status: 'created' });
  else container.patchState({ status: 'exited', finishedAt: now() });
  await context.registry.save(container);
  publish(context, container, 'die', { exitCode: String(container.state.exitCode), execDuration: '0' });
  container.output.end();
  container.announceExit();
  if (container.record.hostConfig.AutoRemove === true)
    void removeContainer(context, container, { force: false, volumes: true }).catch((failure: unknown) => {
      context.log.error(`cannot remove container ${container.id}: ${messageOf(failure)}`);
    });
}

/** Undo steps run in reverse order when a later step fails. */
async function launch(context: DomainContext, container: Container): Promise<number> {
  const { containerd } = context;
  await using undo = new AsyncDisposableStack();
  const { spec, rootfs } = await prepare(context, container, undo);
  const { record } = container;
  const stdio = new ContainerStdio(stdioOptions(context, container));
  container.openStdio(stdio);
  undo.defer(async () => {
    container.closeStdio();
    await stdio.finish(Promise.resolve());
  });
  container.process = spec.process;
  const runtime = context.runtimes.resolve(record.hostConfig.Runtime ?? '');
  await createInContainerd(context, {
    id: record.id,
    labels: { [ownerLabel]: context.daemonId, [containerLabel]: record.id },
    runtime,
    spec: packJson(jsonType.spec, spec),
    snapshotter: record.snapshotter,
    snapshotKey: record.snapshotKey,
  });
  undo.defer(async () => void (await containerd.containers.delete({ id: record.id })));
  const { pid } = await containerd.tasks.create({
    containerId: record.id,
    rootfs: [...rootfs],
    ...stdio.addresses,
    options: runtime.options,
  });
  undo.defer(() => discardTask(context, record.id));
  // Asked before the start: the end of a short run is known without another round trip.
  const ended = waitForExit(context, record.id);
  ended.catch(() => {});
  await containerd.tasks.start({ containerId: record.id });
  undo.move();
  watchExit(context, container, ended);
  return pid;
}

/** A container that an earlier run could not take away makes room now. */
async function createInContainerd(
  { containerd }: DomainContext,
  container: InputOf<typeof ContainerMessage>,
): Promise<void> {
  try {
    await containerd.containers.create({ container });
  } catch (error) {
    if (!isCode(error, 'already_exists') || container.id === undefined) throw error;
    await discardTask({ containerd }, container.id);
    await containerd.containers.delete({ id: container.id });
    await containerd.containers.create({ container });
  }
}

/** Everything before containerd's turn: mounts, sandbox, files, spec; independent parts side by side. */
async function prepare(
  context: DomainContext,
  container: Container,
  undo: AsyncDisposableStack,
): Promise<{ spec: RuntimeSpec; rootfs: NonNullable<Container['rootfsMounts']> }> {
  const { snapshotter, snapshotKey } = container.record;
  prepareMountSources(container.record.mounts);
  undo.defer(async () => {
    await context.networks.release(container.id);
    container.patch({ network: undefined as never });
  });
  const [rootfs, sandbox] = await Promise.all([
    container.rootfsMounts ??
      context.containerd.snapshots.mounts({ snapshotter, key: snapshotKey }).then(({ mounts }) => mounts),
    context.networks.createSandbox(container.record),
  ]);
  container.rootfsMounts = rootfs;
  const record = container.patch({ network: sandbox.attachment });
  const [spec] = await Promise.all([
    context.specs.build({
      container: record,
      rootfsMounts: rootfs,
      sandbox,
      pidOf: (id) => context.registry.find(id)?.state.pid || undefined,
      initPath: context.initPath,
      cgroupParent: context.cgroupParent,
    }),
    writeNetworkFiles(container, sandbox),
  ]);
  return { spec, rootfs };
}

async function writeNetworkFiles({ record }: Container, { hosts, resolvConf }: NetworkSandbox): Promise<void> {
  // Sharing another container's network means sharing its files: nothing to write.
  if (hosts === undefined || resolvConf === undefined) return;
  await Promise.all([
    writeFile(record.hostnamePath, `${record.config.Hostname ?? ''}\n`, { mode: 0o644 }),
    writeFile(record.hostsPath, hosts, { mode: 0o644 }),
    writeFile(record.resolvConfPath, resolvConf, { mode: 0o644 }),
  ]);
}

/** Takes a task away whatever state it is in; none is fine. */
export async function discardTask(
  { containerd }: Pick<DomainContext, 'containerd'>,
  containerId: string,
): Promise<void> {
  const limit = { timeoutMs: 10_000 };
  try {
    await containerd.tasks.kill({ containerId, signal: 9, all: true }, limit);
    await containerd.tasks.wait({ containerId }, limit);
  } catch {
    // not started, or gone: deletion decides
  }
  try {
    await containerd.tasks.delete({ containerId }, limit);
  } catch (error) {
    if (!(error instanceof CodedError && error.code === 'not_found')) throw error;
  }
}

/**
 * What the client is told. The CLI takes its exit code from these words, so that they are the original's: a fault of the
 * request is 400, all else that a runtime reports 500.
 */
function startError(error: unknown): CodedError {
  const message = messageOf(error).replace(/: unknown$/, '');
  if (!message.includes('OCI runtime')) return error instanceof CodedError ? error : unknown(message, error);
  const prefix = 'failed to create task for container';
  const told = message.startsWith(prefix) ? message : `${prefix}: ${message}`;
  return failureCode(message) === 128 ? unknown(told, error) : invalidArgument(told, error);
}
