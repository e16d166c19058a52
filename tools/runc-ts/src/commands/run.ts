/** `run`: create, start, and, in the foreground, wait and delete. */
import { exitCodeOf } from '@docker-ts/linux/child-process';
import type { Command, Globals } from '../cli/command.ts';
import { Container } from '../container/container.ts';
import { deleteContainer, destroyContainer } from '../container/delete.ts';
import { releaseCreated } from '../container/start.ts';
import { Supervisor } from '../container/supervise.ts';
import { TerminalRelay } from '../container/terminal-relay.ts';
import { createFromArguments, createOptions, type Creation } from './create-options.ts';

async function attend(
  { created, master }: Creation,
  supervisor: Supervisor,
  globals: Globals,
  keep: boolean,
): Promise<number> {
  const container = Container.of(created);
  let status;
  try {
    releaseCreated(container);
    const relay = master === undefined ? undefined : new TerminalRelay(master);
    status = exitCodeOf(await supervisor.wait(container.pid, relay));
  } catch (error) {
    deleteContainer(container, true);
    throw error;
  }
  if (!keep) for (const failure of destroyContainer(container)) globals.log.write('warning', failure);
  return status;
}

export const runCommand: Command = {
  name: 'run',
  usage: '<container-id>',
  about: 'create and run a container',
  options: [
    ...createOptions,
    { names: ['detach', 'd'], kind: 'flag', about: "detach from the container's process" },
    { names: ['keep'], kind: 'flag', about: 'do not delete the container after it exits' },
    { names: ['no-subreaper'], kind: 'flag', about: 'accepted; runc-ts adopts no processes' },
  ],
  arity: [1, 1],
  errorPrefix: 'runc run failed',
  run: async (invocation) => {
    const { options, globals } = invocation;
    if (options.flag('detach')) {
      const container = Container.of(createFromArguments(invocation, true).created);
      try {
        releaseCreated(container);
      } catch (error) {
        deleteContainer(container, true);
        throw error;
      }
      return 0;
    }
    using supervisor = new Supervisor();
    return await attend(createFromArguments(invocation, false), supervisor, globals, options.flag('keep'));
  },
};
