/**
 * Finding the shims again after a restart of the daemon (containerd core/runtime/v2/shim_load.go).
 *
 * For each bundle: an empty directory is removed; a shim that does not answer within the time limit is buried; one that knows no task of the
 * id was started for a Create that never came (the daemon died in between) and is sent away; all others are adopted. Exits that happened
 * while nobody listened are told again: a shim gives up sending an event after some seconds.
 */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { deadlineExceeded, isCode, messageOf, notFound } from '@docker-ts/base/errors';
import { packAny } from '@docker-ts/rpc/any';
import { TaskExit } from '@docker-ts/rpc/gen/containerd/events/task';
import type { StateResponse } from '@docker-ts/rpc/gen/containerd/runtime/task/v3/shim';
import { Status } from '@docker-ts/rpc/gen/containerd/types/task/task';
import type { EventPublisher } from '../events/publisher.ts';
import { unmountBelow } from '../mounts/unmount-below.ts';
import { parseStartAnswer, type ShimAddress } from './bootstrap.ts';
import { Bundle } from './bundle.ts';
import type { ShimLocator } from './runtime-name.ts';
import { Shim } from './shim.ts';
import type { ShimLogger, ShimSupervisor } from './shim-supervisor.ts';

export interface RecoveryOptions {
  readonly supervisor: ShimSupervisor;
  readonly locator: ShimLocator;
  readonly logger: ShimLogger;
  /** The runtime's name in the container's record; undefined if there is no such container. */
  readonly runtimeOf: (namespace: string, id: string) => Promise<string | undefined>;
  /** Nobody has subscribed yet: a publisher that tells those who come a little later, too. */
  readonly publisher: EventPublisher;
}

const loadTimeoutMs = 5000;
const bundlesAtOnce = 8;

/** Adopts what lives, buries what is dead. Never fails as a whole: what goes wrong with one task is logged. */
export async function recoverShims(options: RecoveryOptions): Promise<void> {
  const { state, root, logFifo } = options.supervisor.folders;
  for (const folder of [state, root]) mkdirSync(folder, { recursive: true, mode: 0o711 });
  const bundles = foldersIn(state).flatMap((namespace) => {
    removeVanishing(join(state, namespace));
    return foldersIn(join(state, namespace)).map((id) => Bundle.at({ state }, namespace, id));
  });
  const queue = bundles.values();
  const worker = async (): Promise<void> => {
    for (const bundle of queue) {
      await recover(bundle, logFifo, options).catch((error: unknown) => {
        options.logger.warn(`cannot recover task "${bundle.id}" in "${bundle.namespace}": ${messageOf(error)}`);
      });
    }
  };
  await Promise.all(Array.from({ length: bundlesAtOnce }, worker));
  removeOrphanedWork(root, options.supervisor);
}

async function recover(bundle: Bundle, logFifo: string, options: RecoveryOptions): Promise<void> {
  const { supervisor, logger } = options;
  if (readdirSync(bundle.path).length === 0) {
    bundle.remove();
    return;
  }
  const path = bundle.read('shim-binary-path') ?? (await options.runtimeOf(bundle.namespace, bundle.id));
  if (path === undefined) {
    unmountBelow(bundle.join('rootfs'));
    bundle.remove();
    return;
  }
  const binary = supervisor.binary(options.locator.resolve(path), bundle);
  let found: { shim: Shim; state: StateResponse | undefined };
  try {
    const address = readAddress(bundle);
    bundle.linkLog(logFifo);
    found = await within(
      loadTimeoutMs,
      probe(bundle, () => Shim.connect(bundle, binary, address)),
    );
  } catch (error) {
    logger.warn(`the shim of task "${bundle.id}" does not answer: ${messageOf(error)}`);
    // clients knew the task if it has a container: they are told that it ended
    const known = (await options.runtimeOf(bundle.namespace, bundle.id)) !== undefined;
    await supervisor.bury(bundle, binary, () => known, options.publisher);
    return;
  }
  const { shim, state } = found;
  if (!state) {
    logger.info(`cleaning up the leaked shim of task "${bundle.id}"`);
    await supervisor.retire(shim);
    return;
  }
  supervisor.adopt(shim);
  if (state.status !== Status.STOPPED) return;
  const { pid, exitStatus, exitedAt } = state;
  const event = { containerId: bundle.id, id: bundle.id, pid, exitStatus, ...(exitedAt && { exitedAt }) };
  options.publisher.publish(bundle.namespace, '/tasks/exit', packAny(TaskExit, event));
}

/** bootstrap.json, or what shims of containerd 1.x leave: the address alone. */
function readAddress(bundle: Bundle): ShimAddress {
  const text = bundle.read('bootstrap.json') ?? bundle.read('address');
  if (text === undefined) throw notFound(`cannot find the address of the shim in "${bundle.path}"`);
  return parseStartAnswer(new TextEncoder().encode(text));
}

/** Connects and asks for the task's state; none if the shim knows no such task. */
async function probe(
  bundle: Bundle,
  dial: () => Promise<Shim>,
): Promise<{ shim: Shim; state: StateResponse | undefined }> {
  const shim = await dial();
  try {
    await shim.withStepDown((task) => task.connect({ id: bundle.id }, { timeoutMs: loadTimeoutMs }));
    const state = await shim.task.state({ id: bundle.id }, { timeoutMs: loadTimeoutMs });
    return { shim, state };
  } catch (error) {
    if (isCode(error, 'not_found')) return { shim, state: undefined };
    shim.close();
    throw error;
  }
}

function within<T>(timeoutMs: number, work: Promise<T>): Promise<T> {
  const limit = Promise.withResolvers<never>();
  const timer = setTimeout(() => limit.reject(deadlineExceeded(`no answer after ${timeoutMs} ms`)), timeoutMs);
  return Promise.race([work, limit.promise]).finally(() => clearTimeout(timer));
}

/** The visible folders of a folder. */
function foldersIn(path: string): string[] {
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map((entry) => entry.name);
}

/** Bundles whose removal a crash cut short. */
function removeVanishing(path: string): void {
  for (const name of readdirSync(path)) {
    if (name.startsWith('.')) rmSync(join(path, name), { recursive: true, force: true });
  }
}

/** Persistent twins of bundles that are no more (after a reboot the state folder is empty). */
function removeOrphanedWork(root: string, supervisor: ShimSupervisor): void {
  for (const namespace of foldersIn(root)) {
    for (const id of readdirSync(join(root, namespace))) {
      if (!supervisor.get(namespace, id)) rmSync(join(root, namespace, id), { recursive: true, force: true });
    }
  }
}
