/** Letting a created container's process go on, and what belongs to that: poststart hooks. */
import { failedPrecondition } from '@docker-ts/base/errors';
import { runHooks } from './hooks.ts';
import type { Container } from './container.ts';
import { releaseInit } from './exec-fifo.ts';
import { deleteContainer } from './delete.ts';

/** Lets the init of a container go on that is known to be created; poststart hooks follow. */
export function releaseCreated(container: Container): void {
  container.withInit((pidfd) => releaseInit(container.directory.fifoPath, pidfd));
  runHooks('poststart', container.hooks.poststart, () => container.runtimeState('running'));
}

/** failed_precondition: it was started before, or has stopped. A poststart hook that fails takes the container down. */
export function startContainer(container: Container): void {
  const status = container.status();
  if (status === 'stopped') throw failedPrecondition('cannot start a container that has stopped');
  if (status !== 'created') throw failedPrecondition('cannot start an already running container');
  try {
    releaseCreated(container);
  } catch (error) {
    deleteContainer(container, true);
    throw error;
  }
}
