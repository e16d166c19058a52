/** `start`, `kill`, `delete`, `pause`, `resume`. */
import { failedPrecondition, isCode } from '@docker-ts/base/errors';
import { type Command, idOf } from '../cli/command.ts';
import { Container } from '../container/container.ts';
import { deleteContainer } from '../container/delete.ts';
import { StateDirectory } from '../container/state-directory.ts';
import { killContainer, parseSignal } from '../container/signal.ts';
import { startContainer } from '../container/start.ts';

const usage = '<container-id>';

export const startCommand: Command = {
  name: 'start',
  usage,
  about: 'executes the user defined process in a created container',
  options: [],
  arity: [1, 1],
  run: (invocation) => {
    startContainer(Container.load(invocation.globals.root, idOf(invocation)));
    return 0;
  },
};

export const killCommand: Command = {
  name: 'kill',
  usage: '<container-id> [signal]',
  about: "sends the specified signal (default: SIGTERM) to the container's init process",
  options: [{ names: ['all', 'a'], kind: 'flag', about: 'send the signal to all processes inside the container' }],
  arity: [1, 2],
  run: (invocation) => {
    const container = Container.load(invocation.globals.root, idOf(invocation));
    const signal = parseSignal(invocation.positionals[1] ?? 'SIGTERM');
    killContainer(container, signal, invocation.options.flag('all'));
    return 0;
  },
};

export const deleteCommand: Command = {
  name: 'delete',
  usage,
  about: 'delete any resources held by the container',
  options: [
    {
      names: ['force', 'f'],
      kind: 'flag',
      about: 'forcibly deletes the container if it is still running (uses SIGKILL)',
    },
  ],
  arity: [1, 1],
  run: (invocation) => {
    const { globals, options } = invocation;
    const force = options.flag('force');
    try {
      const container = Container.load(globals.root, idOf(invocation));
      for (const failure of deleteContainer(container, force)) globals.log.write('warning', failure);
    } catch (error) {
      if (!isCode(error, 'not_found')) throw error;
      // a creation that was killed half-way leaves a folder without a state
      new StateDirectory(globals.root, idOf(invocation)).remove();
      if (!force) throw error;
    }
    return 0;
  },
};

export const pauseCommand: Command = {
  name: 'pause',
  usage,
  about: 'pause suspends all processes inside the container',
  options: [],
  arity: [1, 1],
  run: (invocation) => {
    const container = Container.load(invocation.globals.root, idOf(invocation));
    if (!['running', 'created'].includes(container.status())) throw failedPrecondition('container not running');
    container.cgroup.freeze();
    return 0;
  },
};

export const resumeCommand: Command = {
  name: 'resume',
  usage,
  about: 'resumes all processes that have been previously paused',
  options: [],
  arity: [1, 1],
  run: (invocation) => {
    const container = Container.load(invocation.globals.root, idOf(invocation));
    if (container.status() !== 'paused') throw failedPrecondition('container not paused');
    container.cgroup.thaw();
    return 0;
  },
};
