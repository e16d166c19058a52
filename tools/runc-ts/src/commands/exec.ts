/** `exec`: another process in a running container. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { invalidArgument } from '@docker-ts/base/errors';
import { exitCodeOf } from '@docker-ts/linux/child-process';
import { normalizeCapability } from '@docker-ts/oci/capabilities';
import { parseExactJson } from '@docker-ts/oci/exact-json';
import type { LinuxCapabilities, Process, User } from '@docker-ts/oci/runtime-spec';
import { validateProcess } from '@docker-ts/oci/runtime-spec-validation';
import type { Options } from '../cli/arguments.ts';
import { type Command, idOf, type Invocation } from '../cli/command.ts';
import { ConsoleReceiver } from '../container/console.ts';
import { Container } from '../container/container.ts';
import { execInContainer } from '../container/exec.ts';
import { writePidFile } from '../container/pid-file.ts';
import { passDescriptors } from '../container/preserved.ts';
import { Supervisor } from '../container/supervise.ts';
import { TerminalRelay } from '../container/terminal-relay.ts';
import { consoleSocketOption, pidFileOption, preserveFdsOption } from './create-options.ts';

function parseId(text: string, what: string): number {
  if (!/^\d{1,10}$/.test(text)) throw invalidArgument(`cannot use ${what} "${text}": it is not a number`);
  return Number(text);
}

/** `uid` or `uid:gid`, numbers only. */
export function parseUser(text: string, base: User): User {
  const [uid = '', gid, ...rest] = text.split(':');
  if (rest.length > 0) throw invalidArgument(`cannot use user "${text}": it is not uid[:gid]`);
  return { ...base, uid: parseId(uid, 'uid'), ...(gid === undefined ? {} : { gid: parseId(gid, 'gid') }) };
}

/** Adds to what the process may have, never to what it would pass on over exec unless that was so before (CVE-2022-29162). */
export function addCapabilities(base: LinuxCapabilities | undefined, names: readonly string[]): LinuxCapabilities {
  const added = names.map((name) => {
    const full = normalizeCapability(name);
    if (full === undefined) throw invalidArgument(`cannot add capability "${name}": there is none of that name`);
    return full;
  });
  const join = (set: readonly string[] | undefined): string[] => [...new Set([...(set ?? []), ...added])];
  const inheritable = (base?.inheritable ?? []).length > 0;
  return {
    ...base,
    bounding: join(base?.bounding),
    effective: join(base?.effective),
    permitted: join(base?.permitted),
    ...(inheritable ? { inheritable: join(base?.inheritable), ambient: join(base?.ambient) } : {}),
  };
}

/** The container's own process, changed by the command line. */
function processFromArguments(base: Process, options: Options, args: readonly string[]): Process {
  const caps = options.list('cap');
  const user = options.value('user');
  const groups = options.list('additional-gids').map((gid) => parseId(gid, 'additional gid'));
  const label = options.value('process-label');
  const profile = options.value('apparmor');
  const noNewPrivileges = options.has('no-new-privs') ? { noNewPrivileges: options.flag('no-new-privs') } : {};
  const { consoleSize: _consoleSize, ...rest } = base;
  return {
    ...rest,
    args,
    terminal: options.flag('tty'),
    cwd: options.value('cwd') ?? base.cwd,
    env: [...(base.env ?? []), ...options.list('env')],
    user: {
      ...(user === undefined ? base.user : parseUser(user, base.user)),
      ...(groups.length === 0 ? {} : { additionalGids: [...(base.user.additionalGids ?? []), ...groups] }),
    },
    ...(caps.length === 0 ? {} : { capabilities: addCapabilities(base.capabilities, caps) }),
    ...(label === undefined ? {} : { selinuxLabel: label }),
    ...(profile === undefined ? {} : { apparmorProfile: profile }),
    ...noNewPrivileges,
  };
}

function processOf(container: Container, { options, positionals }: Invocation): Process {
  const file = options.value('process');
  if (file !== undefined) {
    const process = validateProcess(parseExactJson(readFileSync(file, 'utf8'), file), file);
    return options.flag('tty') ? { ...process, terminal: true } : process;
  }
  const args = positionals.slice(1);
  if (args.length === 0) throw invalidArgument('exec args cannot be empty');
  const { process: base } = container.spec;
  if (base === undefined) throw invalidArgument('cannot exec: config.json has no process to start from');
  return processFromArguments(base, options, args);
}

async function execute(invocation: Invocation): Promise<number> {
  const { options, globals } = invocation;
  const container = Container.load(globals.root, idOf(invocation));
  const detached = options.flag('detach');
  const process = processOf(container, invocation);
  const passed = passDescriptors(options.integer('preserve-fds', 0));
  using supervisor = detached ? undefined : new Supervisor();
  using receiver = ConsoleReceiver.open(process.terminal === true, options.value('console-socket'), detached);
  const pid = execInContainer(container, {
    process: { ...process, env: [...(process.env ?? []), ...passed.env] },
    preserveFds: passed.count,
    consoleFd: receiver.fd,
    cgroups: options.list('cgroup'),
    ignorePaused: options.flag('ignore-paused'),
  });
  const pidFile = options.value('pid-file');
  writePidFile(pidFile === undefined ? undefined : resolve(pidFile), pid);
  if (supervisor === undefined) return 0;
  const master = receiver.receive();
  return exitCodeOf(await supervisor.wait(pid, master === undefined ? undefined : new TerminalRelay(master)));
}

export const execCommand: Command = {
  name: 'exec',
  usage: '<container-id> <command> [command options] || -p process.json <container-id>',
  about: 'execute new process inside the container',
  options: [
    consoleSocketOption,
    { names: ['cwd'], kind: 'value', argument: 'DIR', about: 'working directory in the container' },
    { names: ['env', 'e'], kind: 'list', argument: 'NAME=VALUE', about: 'set environment variables' },
    { names: ['tty', 't'], kind: 'flag', about: 'allocate a pseudo terminal' },
    { names: ['user', 'u'], kind: 'value', argument: 'UID[:GID]', about: 'user and group' },
    { names: ['additional-gids', 'g'], kind: 'list', argument: 'GID', about: 'additional groups' },
    { names: ['process', 'p'], kind: 'value', argument: 'FILE', about: 'path to the process.json' },
    { names: ['detach', 'd'], kind: 'flag', about: "detach from the container's process" },
    pidFileOption,
    { names: ['process-label'], kind: 'value', argument: 'LABEL', about: 'SELinux label of the process' },
    { names: ['apparmor'], kind: 'value', argument: 'PROFILE', about: 'AppArmor profile of the process' },
    { names: ['no-new-privs'], kind: 'flag', about: 'forbid the process to gain privileges' },
    { names: ['cap', 'c'], kind: 'list', argument: 'CAP', about: 'add a capability' },
    preserveFdsOption,
    {
      names: ['cgroup'],
      kind: 'list',
      argument: '[CONTROLLER:]PATH',
      about: 'run the process in an (existing) sub-cgroup',
    },
    { names: ['ignore-paused'], kind: 'flag', about: 'allow exec in a paused container' },
  ],
  arity: [1, Number.POSITIVE_INFINITY],
  passesArguments: true,
  errorPrefix: 'exec failed',
  failureStatus: 255,
  run: execute,
};
