/**
 * `DELETE /containers/x`. The record says `removing` before anything goes, and goes last, so that a removal that a crash cut
 * short is finished at the daemon's next start.
 */
import { conflict, isCode, messageOf, notFound } from '@docker-ts/base/errors';
import { rm } from 'node:fs/promises';
import type { Container } from './container.ts';
import { publish } from './container-events.ts';
import type { DomainContext } from './context.ts';
import { killAndWait } from './kill.ts';

export interface RemoveOptions {
  /** A running container is killed first. */
  readonly force: boolean;
  /** Anonymous volumes go too. */
  readonly volumes: boolean;
}

const killTimeoutMs = 10_000;
/** A removal by force kills again what others start again. */
const stopAttempts = 3;

/** conflict for one that runs (without force) or is being removed by somebody else. */
export async function removeContainer(
  context: DomainContext,
  container: Container,
  options: RemoveOptions,
): Promise<void> {
  for (let attempts = 0; ; attempts += 1) {
    // a start under way is waited for: what it starts can then be killed
    if (options.force) await container.started();
    await stopForRemoval(context, container, options);
    const removed = await container.lock.run(() => removeStopped(context, container));
    if (removed) return;
    if (!options.force || attempts >= stopAttempts) throw removalRefused(container, container.state.status);
  }
}

/** False if somebody started it in the meantime. */
async function removeStopped(context: DomainContext, container: Container): Promise<boolean> {
  // Somebody was quicker: --rm, or a second client.
  if (context.registry.find(container.id) !== container) throw notFound(`No such container: ${container.id}`);
  if (container.isRunning) return false;
  container.pendingRestart?.cancel();
  container.patchState({ status: 'removing' });
  await context.registry.save(container);
  await finishRemoval(context, container);
  return true;
}

const removalRefused = ({ record }: Container, what: string): Error =>
  conflict(
    `cannot remove container "${record.name}": container is ${what}: ` +
      (what === 'paused' ? 'unpause and then ' : '') +
      'stop the container before removing or force remove',
  );

async function stopForRemoval(context: DomainContext, container: Container, { force }: RemoveOptions): Promise<void> {
  if (container.state.status === 'removing')
    throw conflict(`removal of container ${container.record.name} is already in progress`);
  if (container.state.status === 'restarting') {
    if (!force) throw removalRefused(container, 'restarting');
    container.pendingRestart?.cancel();
    return;
  }
  if (!container.isRunning) return;
  if (!force) throw removalRefused(container, container.state.status);
  container.patch({ manuallyStopped: true });
  await killAndWait(context, container, killTimeoutMs);
}

/** The part after the point of no return; the caller holds the lock. A failure leaves a `dead` container to try again. */
export async function finishRemoval(context: DomainContext, container: Container): Promise<void> {
  try {
    await takePartsAway(context, container);
    await context.registry.remove(container);
  } catch (error) {
    container.patchState({ status: 'dead', error: messageOf(error) });
    await context.registry.save(container).catch(() => {});
    throw error;
  }
  farewell(context, container);
}

/**
 * Removes a container for clients at once and in fact in the background, after `deleted`. Its record on disk says `removing`
 * already: if the daemon dies meanwhile, the next one goes on.
 */
export function discardContainer(context: DomainContext, container: Container, deleted: Promise<unknown>): void {
  context.registry.forget(container);
  farewell(context, container);
  const work = async (): Promise<void> => {
    await deleted;
    await takePartsAway(context, container);
    await context.registry.erase(container.id);
  };
  context.background.run(`remove container ${container.id}`, work());
}

async function takePartsAway(context: DomainContext, { record }: Container): Promise<void> {
  const { snapshotter, snapshotKey, id } = record;
  await Promise.all([
    context.containerd.snapshots.remove({ snapshotter, key: snapshotKey }).catch(ignoreNotFound),
    rm(context.paths.container(id), { recursive: true, force: true }),
    rm(context.paths.stdio(id), { recursive: true, force: true }),
  ]);
}

function farewell(context: DomainContext, container: Container): void {
  publish(context, container, 'destroy');
  container.output.end();
  container.announceRemoval();
}

function ignoreNotFound(error: unknown): void {
  if (!isCode(error, 'not_found')) throw error;
}
