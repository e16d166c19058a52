/** Events about containers: `docker events` shows the image, the name and the labels with each. */
import type { Container } from './container.ts';
import type { DomainContext } from './context.ts';

export function publish(
  { events }: Pick<DomainContext, 'events'>,
  container: Container,
  action: string,
  attributes: Readonly<Record<string, string>> = {},
): void {
  const { id, name, config } = container.record;
  events.publish('container', action, id, { ...config.Labels, ...attributes, image: config.Image ?? '', name });
}
