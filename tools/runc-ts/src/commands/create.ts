/** `create`: everything but the process itself. */
import type { Command } from '../cli/command.ts';
import { createFromArguments, createOptions } from './create-options.ts';

export const createCommand: Command = {
  name: 'create',
  usage: '<container-id>',
  about: 'create a container',
  options: createOptions,
  arity: [1, 1],
  errorPrefix: 'runc create failed',
  run: (invocation) => {
    createFromArguments(invocation, true);
    return 0;
  },
};
