/** Filters of `GET /events`. Values of one name are alternatives, except labels, which all have to hold. */
import { type Filters, matchesAny, matchesLabels } from '../filters/filters.ts';
import type { DaemonEvent } from './bus.ts';

export const eventFilterNames: readonly string[] = [
  'config',
  'container',
  'daemon',
  'event',
  'image',
  'label',
  'network',
  'node',
  'plugin',
  'scope',
  'secret',
  'service',
  'type',
  'volume',
];

/** Filters that name an object of their own type. */
const objectTypes = [
  'config',
  'container',
  'daemon',
  'network',
  'node',
  'plugin',
  'secret',
  'service',
  'volume',
] as const;

export function compileEventFilters(filters: Filters): (event: DaemonEvent) => boolean {
  return (event) =>
    matchesAny(filters, 'event', (value) => event.Action === value || event.Action.startsWith(`${value}:`)) &&
    matchesAny(filters, 'type', (value) => event.Type === value) &&
    matchesAny(filters, 'scope', (value) => event.scope === value) &&
    matchesLabels(filters, event.Actor.Attributes) &&
    objectTypes.every((type) => matchesAny(filters, type, (value) => event.Type === type && isAbout(event, value))) &&
    matchesAny(filters, 'image', (value) => isAboutImage(event, value));
}

const isAbout = ({ Actor }: DaemonEvent, value: string): boolean =>
  Actor.ID.startsWith(value) || Actor.Attributes['name'] === value.replace(/^\//, '');

/** Image names match with and without their tag. */
function isAboutImage(event: DaemonEvent, value: string): boolean {
  const untagged = (name: string): string => name.replace(/:[^/:]*$/, '');
  const name = event.Type === 'image' ? event.Actor.Attributes['name'] : event.Actor.Attributes['image'];
  const names = [event.Type === 'image' ? event.Actor.ID : '', name ?? '', untagged(name ?? '')];
  return names.includes(value) || names.includes(untagged(value));
}
