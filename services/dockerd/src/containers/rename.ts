/** `POST /containers/x/rename`. */
import { invalidArgument, notFound } from '@docker-ts/base/errors';
import type { Container } from './container.ts';
import { publish } from './container-events.ts';
import type { DomainContext } from './context.ts';
import { parseContainerName } from './registry.ts';

/** conflict if the name is taken. */
export function renameContainer(context: DomainContext, container: Container, wanted: string): Promise<void> {
  return container.lock.run(async () => {
    const { registry } = context;
    const { name: old } = container.record;
    if (registry.find(container.id) !== container) throw notFound(`No such container: ${container.id}`);
    if (wanted === '') throw invalidArgument('Neither old nor new names may be empty');
    const name = parseContainerName(wanted);
    if (name === old) throw invalidArgument('Renaming a container with the same name as its current name');
    registry.reserveName(name, container.id);
    registry.rename(container, name);
    await registry.save(container);
    publish(context, container, 'rename', { oldName: `/${old}` });
  });
}
