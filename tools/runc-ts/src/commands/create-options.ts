/** The options that create and run share, and what they come to. */
import { resolve } from 'node:path';
import { wrap } from '@docker-ts/base/errors';
import type { Option } from '../cli/arguments.ts';
import { idOf, type Invocation } from '../cli/command.ts';
import { ConsoleReceiver } from '../container/console.ts';
import { type Bundle, readBundle } from '../container/bundle.ts';
import { createContainer, type CreatedContainer } from '../container/create.ts';
import { writePidFile } from '../container/pid-file.ts';
import { passDescriptors } from '../container/preserved.ts';

export const bundleOption: Option = {
  names: ['bundle', 'b'],
  kind: 'value',
  argument: 'DIR',
  about: 'path to the root of the bundle directory, defaults to the current directory',
};

export const consoleSocketOption: Option = {
  names: ['console-socket'],
  kind: 'value',
  argument: 'PATH',
  about: 'AF_UNIX socket which receives the master end of the terminal',
};

export const pidFileOption: Option = {
  names: ['pid-file'],
  kind: 'value',
  argument: 'FILE',
  about: 'file to write the process id to',
};

export const preserveFdsOption: Option = {
  names: ['preserve-fds'],
  kind: 'value',
  argument: 'N',
  about: 'pass N additional file descriptors to the container',
};

export const createOptions: readonly Option[] = [
  bundleOption,
  consoleSocketOption,
  pidFileOption,
  { names: ['no-pivot'], kind: 'flag', about: 'do not use pivot_root: for a root file system on a ramdisk' },
  { names: ['no-new-keyring'], kind: 'flag', about: "keep the caller's session keyring" },
  preserveFdsOption,
];

export interface Creation {
  readonly created: CreatedContainer;
  /** The terminal's master where it stays with this process. */
  readonly master: number | undefined;
}

/** Creates the container that the command line asks for. */
export function createFromArguments(invocation: Invocation, detached: boolean): Creation {
  const { options, globals } = invocation;
  const bundle: Bundle = readBundle(options.value('bundle') ?? '.');
  const passed = passDescriptors(options.integer('preserve-fds', 0));
  const terminal = bundle.spec.process.terminal === true;
  using receiver = ConsoleReceiver.open(terminal, options.value('console-socket'), detached);
  const created = createContainer(bundle, {
    root: globals.root,
    id: idOf(invocation),
    noPivot: options.flag('no-pivot'),
    noNewKeyring: options.flag('no-new-keyring'),
    preserveFds: passed.count,
    extraEnv: passed.env,
    systemdCgroup: globals.systemdCgroup,
    consoleFd: receiver.fd,
  });
  try {
    for (const warning of created.warnings) globals.log.write('warning', warning);
    const pidFile = options.value('pid-file');
    writePidFile(pidFile === undefined ? undefined : resolve(pidFile), created.state.init_process_pid);
    return { created, master: receiver.receive() };
  } catch (error) {
    created.discard();
    throw wrap(error, 'unable to start container process');
  }
}
