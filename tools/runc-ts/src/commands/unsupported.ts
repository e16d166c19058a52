/** runc's commands that this runtime does not have: known by name, so that the error says so. */
import { unimplemented } from '@docker-ts/base/errors';
import type { Command } from '../cli/command.ts';

const notHere = (name: string, about: string): Command => ({
  name,
  usage: '<container-id>',
  about: `${about} (not supported)`,
  options: [],
  arity: [0, Number.POSITIVE_INFINITY],
  passesArguments: true,
  run: () => {
    throw unimplemented(`cannot ${name}: it is not supported`);
  },
});

export const checkpointCommand = notHere('checkpoint', 'checkpoint a running container');
export const restoreCommand = notHere('restore', 'restore a container from a previous checkpoint');
export const eventsCommand = notHere('events', 'display container events and statistics');
