/**
 * `State.OOMKilled`: containerd tells by an event that the kernel killed something in a container for want of memory. The event
 * comes before the exit or just after it. The subscription outlives containerd's restarts.
 */
import { messageOf } from '@docker-ts/base/errors';
import { isAnyOf, unpackAny } from '@docker-ts/rpc/any';
import { TaskOOM } from '@docker-ts/rpc/gen/containerd/events/task';
import { publish } from '../containers/container-events.ts';
import type { DomainContext } from '../containers/context.ts';
import { containerdNamespace } from './containerd.ts';

const reconnectTimeoutMs = 60_000;

/** Runs in the background until the daemon shuts down. */
export function watchOutOfMemory(context: DomainContext): void {
  const watch = async (): Promise<void> => {
    while (!context.shutdown.aborted)
      try {
        await followEvents(context);
      } catch (error) {
        if (context.shutdown.aborted) return;
        context.log.debug(`containerd's events broke off: ${messageOf(error)}`);
        await Bun.sleep(100);
        await context.containerd.waitForReady(reconnectTimeoutMs).catch(() => {});
      }
  };
  void watch();
}

async function followEvents(context: DomainContext): Promise<void> {
  const filters = [`namespace==${containerdNamespace},topic=="/tasks/oom"`];
  for await (const { event } of context.containerd.events.subscribe({ filters }, { signal: context.shutdown })) {
    if (!isAnyOf(event, TaskOOM)) continue;
    const container = context.registry.find(unpackAny(event, TaskOOM).containerId);
    if (container === undefined) continue;
    container.patchState({ oomKilled: true });
    await context.registry.save(container);
    publish(context, container, 'oom');
  }
}
