/** `POST /containers/x/update`: resource limits, live if the container runs, and the restart policy. */
import { conflict, invalidArgument } from '@docker-ts/base/errors';
import { jsonType, packJson } from '@docker-ts/rpc/any';
import type { Resources, RestartPolicy } from '../spec/container-config.ts';
import { blockIoResources, cpuResources, memoryResources, pidsResources } from '../spec/resources.ts';
import { verifyRestartPolicy } from '../spec/verify-config.ts';
import { verifyResources } from '../spec/verify-resources.ts';
import type { Container } from './container.ts';
import { publish } from './container-events.ts';
import type { DomainContext } from './context.ts';

export type UpdateRequest = Resources & { RestartPolicy?: RestartPolicy };

const isSet = (value: unknown): boolean =>
  value !== undefined && value !== null && value !== 0 && value !== '' && !(Array.isArray(value) && value.length === 0);

/** Warnings for the client. Zero and empty values leave a limit as it was. */
export function updateContainer(
  context: DomainContext,
  container: Container,
  { RestartPolicy: policy, ...resources }: UpdateRequest,
): Promise<string[]> {
  return container.lock.run(async () => {
    const { hostConfig } = container.record;
    if (container.state.status === 'removing' || container.state.status === 'dead')
      throw conflict(`container is marked for removal and cannot be "update".`);
    const changes = Object.fromEntries(Object.entries(resources).filter(([, value]) => isSet(value))) as Resources;
    const merged = { ...hostConfig, ...changes };
    if (policy?.Name) {
      verifyRestartPolicy(policy);
      if (hostConfig.AutoRemove === true && policy.Name !== 'no')
        throw invalidArgument('Restart policy cannot be updated because AutoRemove is enabled for the container');
      merged.RestartPolicy = { Name: policy.Name, MaximumRetryCount: policy.MaximumRetryCount ?? 0 };
    }
    const verified = verifyResources(merged, context.facts);
    if (container.isRunning && Object.keys(changes).length > 0) await applyLive(context, container, changes);
    container.patch({ hostConfig: verified.config });
    await context.registry.save(container);
    publish(context, container, 'update');
    return [...verified.warnings];
  });
}

async function applyLive({ containerd }: DomainContext, container: Container, changes: Resources): Promise<void> {
  const memory = memoryResources(changes);
  const cpu = cpuResources(changes);
  const pids = pidsResources(changes);
  const document = {
    ...(memory === undefined ? {} : { memory }),
    ...(cpu === undefined ? {} : { cpu }),
    ...(pids === undefined ? {} : { pids }),
    blockIO: blockIoResources(changes),
  };
  await containerd.tasks.update({ containerId: container.id, resources: packJson(jsonType.linuxResources, document) });
}
