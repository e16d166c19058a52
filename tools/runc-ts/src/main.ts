/** runc-ts: an OCI runtime with runc's command line. Reads the arguments, runs one command, answers its exit status. */
import { resolve } from 'node:path';
import { invalidArgument, messageOf, unimplemented } from '@docker-ts/base/errors';
import { version } from '@docker-ts/base/version';
import { writeText } from '@docker-ts/linux/standard-stream';
import { runtimeSpecVersion } from '@docker-ts/oci/runtime-spec';
import { type Option, type Options, parseArguments } from './cli/arguments.ts';
import type { Command, Globals } from './cli/command.ts';
import { commandHelp, programHelp } from './cli/help.ts';
import { Log } from './cli/log.ts';
import { commands } from './commands/index.ts';

const defaultRoot = '/run/runc-ts';
/** No help topic: runc's status. */
const unknownCommandStatus = 3;

const helpOption: Option = { names: ['help', 'h'], kind: 'flag', about: 'show help' };

const globalOptions: readonly Option[] = [
  { names: ['debug'], kind: 'flag', about: 'enable debug logging' },
  { names: ['log'], kind: 'value', argument: 'FILE', about: 'set the log file to write to (default is stderr)' },
  { names: ['log-format'], kind: 'value', argument: 'text|json', about: 'set the log format (default: text)' },
  {
    names: ['root'],
    kind: 'value',
    argument: 'DIR',
    about: `root directory for the state of containers (default: ${defaultRoot})`,
  },
  { names: ['systemd-cgroup'], kind: 'flag', about: 'not supported: systemd makes the cgroups' },
  {
    names: ['rootless'],
    kind: 'value',
    argument: 'true|false|auto',
    about: 'ignore cgroup permission errors: only false and auto are supported',
  },
  { names: ['criu'], kind: 'value', argument: 'PATH', about: 'accepted; checkpoints are not supported' },
  helpOption,
  { names: ['version', 'v'], kind: 'flag', about: 'print the version' },
];

const versionText = `runc-ts version ${version}\nspec: ${runtimeSpecVersion}`;

function openLog(options: Options): Log {
  const format = options.value('log-format') ?? 'text';
  const log = new Log({
    path: options.value('log') ?? '',
    format: format === 'json' ? 'json' : 'text',
    debug: options.flag('debug'),
  });
  if (format !== 'json' && format !== 'text') throw invalidArgument('invalid log-format: ' + format);
  return log;
}

function readGlobals(options: Options, log: Log): Globals {
  if (options.flag('systemd-cgroup')) throw unimplemented('cannot use --systemd-cgroup: it is not supported');
  if (options.value('rootless') === 'true') throw unimplemented('cannot use --rootless=true: it is not supported');
  return { root: resolve(options.value('root') ?? defaultRoot), systemdCgroup: false, log };
}

async function runCommand(command: Command, args: readonly string[], options: Options, log: Log): Promise<number> {
  try {
    const own = parseArguments(args, [...command.options, helpOption], command.passesArguments === true);
    if (own.options.flag('help')) {
      writeText(1, commandHelp(command));
      return 0;
    }
    const [fewest, most] = command.arity;
    const count = own.positionals.length;
    if (count < fewest || count > most) {
      writeText(1, `Incorrect Usage.\n\n${commandHelp(command)}`);
      const wanted =
        fewest === most
          ? `exactly ${fewest}`
          : `${count < fewest ? 'a minimum of' : 'a maximum of'} ${count < fewest ? fewest : most}`;
      log.fatal(`runc-ts: "${command.name}" requires ${wanted} argument(s)`);
      return 1;
    }
    return await command.run({ ...own, globals: readGlobals(options, log) });
  } catch (error) {
    const prefix = command.errorPrefix === undefined ? '' : `${command.errorPrefix}: `;
    log.fatal(prefix + messageOf(error));
    return command.failureStatus ?? 1;
  }
}

async function main(args: readonly string[]): Promise<number> {
  let log = new Log({ path: '', format: 'text', debug: false });
  try {
    const { options, positionals } = parseArguments(args, globalOptions, true);
    log = openLog(options);
    const [name] = positionals;
    if (options.flag('version')) {
      writeText(1, `${versionText}\n`);
      return 0;
    }
    if (name === undefined || name === 'help' || options.flag('help')) {
      writeText(1, programHelp(commands, globalOptions, versionText));
      return 0;
    }
    const command = commands.find((candidate) => candidate.name === name);
    if (command === undefined) {
      log.fatal(`No help topic for '${name}'`);
      return unknownCommandStatus;
    }
    return await runCommand(command, positionals.slice(1), options, log);
  } catch (error) {
    log.fatal(messageOf(error));
    return 1;
  }
}

void main(process.argv.slice(2)).then((status) => {
  // at once: nothing is left to be done, and what a container left open must not hold the runtime
  process.exit(status);
});
