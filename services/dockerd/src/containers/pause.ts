/** `POST /containers/x/pause` and `/unpause`: the freezer of the container's cgroup. */
import { conflict, unknown, wrap } from '@docker-ts/base/errors';
import type { Container } from './container.ts';
import { publish } from './container-events.ts';
import type { DomainContext } from './context.ts';

export function pauseContainer(context: DomainContext, container: Container): Promise<void> {
  return container.lock.run(async () => {
    container.requireRunning();
    if (container.state.status === 'paused') throw conflict(`Container ${container.id} is already paused`);
    try {
      await context.containerd.tasks.pause({ containerId: container.id });
    } catch (error) {
      throw wrap(error, `cannot pause container ${container.id}`);
    }
    await setStatus(context, container, 'paused');
    publish(context, container, 'pause');
  });
}

export function unpauseContainer(context: DomainContext, container: Container): Promise<void> {
  return container.lock.run(async () => {
    if (container.state.status !== 'paused') throw unknown(`Container ${container.id} is not paused`);
    try {
      await context.containerd.tasks.resume({ containerId: container.id });
    } catch (error) {
      throw wrap(error, `cannot unpause container ${container.id}`);
    }
    await setStatus(context, container, 'running');
    publish(context, container, 'unpause');
  });
}

async function setStatus(
  { registry }: DomainContext,
  container: Container,
  status: 'paused' | 'running',
): Promise<void> {
  container.patchState({ status });
  await registry.save(container);
}
