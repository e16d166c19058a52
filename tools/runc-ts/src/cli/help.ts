/** --help, from the same tables that the command line is read by. */
import type { Option } from './arguments.ts';
import type { Command } from './command.ts';

function optionLines(options: readonly Option[]): string[] {
  const heads = options.map(({ names, argument, kind }) => {
    const spelled = names.map((name) => (name.length === 1 ? `-${name}` : `--${name}`)).join(', ');
    return kind === 'flag' ? spelled : `${spelled} ${argument ?? 'value'}`;
  });
  const width = Math.max(0, ...heads.map((head) => head.length));
  return options.map(({ about }, index) => `   ${(heads[index] ?? '').padEnd(width)}  ${about}`);
}

export function commandHelp(command: Command): string {
  const { name, about, usage, options } = command;
  const words = options.length > 0 ? '[command options] ' : '';
  const lines = [
    'NAME:',
    `   runc-ts ${name} - ${about}`,
    '',
    'USAGE:',
    `   runc-ts ${name} ${words}${usage}`.trimEnd(),
    '',
  ];
  if (options.length > 0) lines.push('OPTIONS:', ...optionLines(options), '');
  return lines.join('\n');
}

export function programHelp(commands: readonly Command[], globals: readonly Option[], versionText: string): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  return [
    'NAME:',
    '   runc-ts - Open Container Initiative runtime',
    '',
    'USAGE:',
    '   runc-ts [global options] command [command options] [arguments...]',
    '',
    'VERSION:',
    ...versionText.split('\n').map((line) => `   ${line}`),
    '',
    'COMMANDS:',
    ...commands.map(({ name, about }) => `   ${name.padEnd(width)}  ${about}`),
    '',
    'GLOBAL OPTIONS:',
    ...optionLines(globals),
    '',
  ].join('\n');
}
