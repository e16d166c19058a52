/**
 * After a start of the daemon: records and containerd's containers, tasks and snapshots are brought together again, whatever
 * moment the last daemon died at.
 *
 *     record says      containerd has            then
 *     running, paused  a living task             adopted: streams reopened, its end awaited
 *     running, paused  a stopped task            the end that was missed: code and time are the task's
 *     running, paused  nothing                   an end nobody saw (a reboot): 255
 *     created, exited  a running task            a start that came through: adopted
 *     created, exited  a container or dead task  a start or an end cut short: taken away
 *     removing         anything                  removal finished
 *     –                container or snapshot     (labelled ours) half-made: taken away
 *
 * Then come restart policies and --rm. Folders, FIFOs and networks without a container go.
 */
import { isCode, messageOf } from '@docker-ts/base/errors';
import { jsonType, packJson } from '@docker-ts/rpc/any';
import type { Process } from '@docker-ts/rpc/gen/containerd/types/task/task';
import { Status } from '@docker-ts/rpc/gen/containerd/types/task/task';
import { isZeroTime } from '@docker-ts/rpc/timestamp';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ContainerStdio } from '../stdio/container-stdio.ts';
import { now, timeOf } from './clock.ts';
import type { Container } from './container.ts';
import { containerLabel, type DomainContext, ownerLabel } from './context.ts';
import { deleteTask, finishRun, watchExit } from './exit.ts';
import { stdioOptions } from './log-file.ts';
import type { ContainerRecord } from './record.ts';
import { finishRemoval, removeContainer } from './remove.ts';
import { discardTask } from './start.ts';

const lostExitCode = 255;

export async function reconcile(context: DomainContext): Promise<void> {
  const [tasks, known] = await Promise.all([listTasks(context), listOwnContainers(context)]);
  const settleAll = (containers: readonly Container[]): Promise<unknown> =>
    Promise.all(
      containers.map((container) =>
        container.lock
          .run(() => settle(context, container, tasks.get(container.id), known.has(container.id)))
          .catch((error: unknown) =>
            context.log.error(`cannot restore container ${container.id}: ${messageOf(error)}`),
          ),
      ),
    );
  const containers = context.registry.all();
  // Runs whose end was missed have a network until that end is dealt with.
  const connected = containers.filter(({ id, isRunning }) => isRunning || isLiving(tasks.get(id)));
  // What was half-made goes before its network does: the runtime may look at the namespace once more.
  await settleAll(containers.filter((container) => !connected.includes(container)));
  await removeStrangers(context, known);
  await removeOrphanTasks(context, tasks);
  await context.networks.restore(connected.map(({ record }) => record));
  await settleAll(connected);
  await Promise.all([removeStraySnapshots(context), removeStrayFolders(context)]);
  for (const container of context.registry.all()) applyPolicy(context, container);
}

const isLiving = (task: Process | undefined): boolean =>
  task !== undefined &&
  (task.status === Status.RUNNING || task.status === Status.PAUSED || task.status === Status.PAUSING);

async function listTasks({ containerd }: DomainContext): Promise<ReadonlyMap<string, Process>> {
  const { tasks } = await containerd.tasks.list({});
  return new Map(tasks.map((task) => [task.containerId || task.id, task]));
}

async function listOwnContainers({ containerd, daemonId }: DomainContext): Promise<Set<string>> {
  const { containers } = await containerd.containers.list({ filters: [`labels."${ownerLabel}"==${daemonId}`] });
  return new Set(containers.map(({ id }) => id));
}

async function settle(
  context: DomainContext,
  container: Container,
  task: Process | undefined,
  hasContainer: boolean,
): Promise<void> {
  if (container.state.status === 'removing') {
    await takeAway(context, container.id, task, hasContainer);
    await finishRemoval(context, container);
  } else if (isLiving(task)) await adopt(context, container, task as Process);
  else if (container.isRunning && task?.status === Status.STOPPED) {
    const { exitedAt, exitStatus } = task;
    const finishedAt = exitedAt === undefined || isZeroTime(exitedAt) ? now() : timeOf(exitedAt);
    await endMissedRun(context, container, { exitCode: exitStatus, finishedAt });
  } else if (container.isRunning) {
    await takeAway(context, container.id, task, hasContainer);
    await endMissedRun(context, container, { exitCode: lostExitCode, finishedAt: now() });
  } else if (task !== undefined || hasContainer) await takeAway(context, container.id, task, hasContainer);
}

/** What the process still wrote is drained as if the daemon had been there. */
async function endMissedRun(
  context: DomainContext,
  container: Container,
  exit: { exitCode: number; finishedAt: string },
): Promise<void> {
  reopenStdio(context, container);
  await finishRun(context, container, exit);
}

async function adopt(context: DomainContext, container: Container, task: Process): Promise<void> {
  const paused = task.status === Status.PAUSED || task.status === Status.PAUSING;
  const startedAt = container.isRunning ? container.state.startedAt : now();
  container.patchState({ status: paused ? 'paused' : 'running', pid: task.pid, startedAt, exitCode: 0, error: '' });
  await context.registry.save(container);
  reopenStdio(context, container);
  watchExit(context, container);
}

function reopenStdio(context: DomainContext, container: Container): void {
  try {
    container.openStdio(new ContainerStdio(stdioOptions(context, container, true)));
  } catch (error) {
    // Without its FIFOs a container runs on unseen; in json-file mode its log is complete all the same.
    context.log.warn(`cannot reopen the streams of container ${container.id}: ${messageOf(error)}`);
  }
}

async function takeAway(
  context: DomainContext,
  id: string,
  task: Process | undefined,
  hasContainer: boolean,
): Promise<void> {
  if (task !== undefined) await discardTask(context, id);
  if (task !== undefined || hasContainer) await deleteTask(context, id);
  else await context.networks.release(id);
}

/** Containers of ours in containerd that no record knows. */
async function removeStrangers(context: DomainContext, known: ReadonlySet<string>): Promise<void> {
  for (const id of known) {
    if (context.registry.find(id) !== undefined) continue;
    context.log.info(`taking away container ${id}: it was never finished`);
    await discardTask(context, id).catch((error: unknown) => context.log.warn(`task ${id}: ${messageOf(error)}`));
    await deleteTask(context, id);
  }
}

/**
 * A task whose container is gone can be reached by nobody, because containerd looks the container up first: it gets one again, for
 * as long as the deletion takes.
 */
async function removeOrphanTasks(context: DomainContext, tasks: ReadonlyMap<string, Process>): Promise<void> {
  const candidates = [...tasks.keys()].filter((id) => context.registry.find(id) === undefined);
  if (candidates.length === 0) return;
  const { containers } = await context.containerd.containers.list({});
  const owned = new Set(containers.map(({ id }) => id));
  for (const id of candidates.filter((candidate) => !owned.has(candidate))) {
    const runtime = context.runtimes.resolve(context.runtimes.defaultName);
    const labels = { [ownerLabel]: context.daemonId, [containerLabel]: id };
    await context.containerd.containers.create({
      container: { id, labels, runtime, spec: packJson(jsonType.spec, {}) },
    });
    await discardTask(context, id).catch((error: unknown) => context.log.warn(`task ${id}: ${messageOf(error)}`));
    await deleteTask(context, id);
  }
}

async function removeStraySnapshots({ containerd, daemonId, registry, log }: DomainContext): Promise<void> {
  const { snapshotter } = containerd;
  const filters = [`labels."${ownerLabel}"==${daemonId}`];
  const stray: string[] = [];
  for await (const { info } of containerd.snapshots.list({ snapshotter, filters }))
    for (const { name, labels } of info) {
      const id = labels[containerLabel];
      if (labels[ownerLabel] === daemonId && id !== undefined && registry.find(id) === undefined) stray.push(name);
    }
  for (const key of stray)
    await containerd.snapshots.remove({ snapshotter, key }).catch((error: unknown) => {
      if (!isCode(error, 'not_found')) log.warn(`cannot remove snapshot ${key}: ${messageOf(error)}`);
    });
}

async function removeStrayFolders({ paths, registry }: DomainContext): Promise<void> {
  const list = (folder: string): Promise<string[]> => readdir(folder).catch(() => []);
  const isId = (name: string): boolean => /^[0-9a-f]{64}$/.test(name);
  const folders = (await list(paths.containers)).filter((name) => isId(name) && registry.find(name) === undefined);
  const fifos = (await list(paths.stdioRoot)).filter((name) => isId(name) && registry.find(name)?.isRunning !== true);
  await Promise.all([
    ...folders.map((name) => rm(join(paths.containers, name), { recursive: true, force: true })),
    ...fifos.map((name) => rm(join(paths.stdioRoot, name), { recursive: true, force: true })),
  ]);
}

/** Policies for what ended while nobody looked; runs whose end was handled above have theirs already. */
function applyPolicy(context: DomainContext, container: Container): void {
  const { record, state } = container;
  if (container.isRunning || container.pendingRestart !== undefined) return;
  if (state.status === 'restarting' || wantsStart(record)) {
    container.patchState({ status: 'restarting' });
    context.restarts.schedule(container, 100);
  } else if (state.status === 'exited' && record.hostConfig.AutoRemove === true) {
    removeContainer(context, container, { force: false, volumes: true }).catch((error: unknown) => {
      if (!isCode(error, 'not_found'))
        context.log.error(`cannot remove container ${container.id}: ${messageOf(error)}`);
    });
  }
}

/** `always` starts even what was stopped by hand; a container that was never started stays as it is. */
function wantsStart({ hostConfig, manuallyStopped, state }: ContainerRecord): boolean {
  if (state.status !== 'exited') return false;
  const policy = hostConfig.RestartPolicy?.Name;
  if (policy === 'always') return true;
  return policy === 'unless-stopped' && !manuallyStopped;
}
