/** dockerd-ts' command line: the original's flags, as one table for yargs. A flag that is not here is refused. */
import { invalidArgument } from '@docker-ts/base/errors';
import { version } from '@docker-ts/base/version';
import yargs, { type Options } from 'yargs';

const text = (describe: string, more: Options = {}): Options => ({ type: 'string', describe, ...more });
const list = (describe: string, more: Options = {}): Options => ({ type: 'string', array: true, describe, ...more });
const flag = (describe: string, more: Options = {}): Options => ({ type: 'boolean', describe, ...more });

/** No defaults here: what was not given may be in daemon.json. */
export const flagTable = {
  'add-runtime': list('Register an additional OCI compatible runtime (name=path)'),
  bip: text('IPv4 address for the default bridge'),
  bridge: text('Attach containers to a network bridge', { alias: 'b' }),
  'cgroup-parent': text('Set parent cgroup for all containers'),
  'config-file': text('Daemon configuration file'),
  containerd: text('containerd grpc address'),
  'data-root': text('Root directory of persistent state'),
  debug: flag('Enable debug mode', { alias: 'D' }),
  'default-runtime': text('Default OCI runtime for containers'),
  'default-shm-size': text('Default shm size for containers'),
  dns: list('DNS server to use'),
  'dns-opt': list('DNS options to use'),
  'dns-search': list('DNS search domains to use'),
  'exec-root': text('Root directory for execution state files'),
  group: text('Group for the unix socket', { alias: 'G' }),
  host: list('Daemon socket(s) to connect to', { alias: 'H' }),
  init: flag('Run an init in the container to forward signals and reap processes'),
  'init-path': text('Path to the docker-init binary'),
  'insecure-registry': list('Enable insecure registry communication'),
  label: list('Set key=value labels to the daemon'),
  'live-restore': flag('Keep containers running while the daemon is down (always on)'),
  'log-driver': text('Default driver for container logs'),
  'log-level': text('Set the logging level ("debug"|"info"|"warn"|"error"|"fatal")', { alias: 'l' }),
  'log-opt': list('Default log driver options for containers'),
  mtu: { type: 'number', describe: 'Set the MTU for the default "bridge" network' },
  'no-new-privileges': flag('Set no-new-privileges by default for new containers'),
  pidfile: text('Path to use for daemon PID file', { alias: 'p' }),
  'registry-mirror': list('Preferred registry mirror'),
  'storage-driver': text('Storage driver (snapshotter) to use', { alias: 's' }),
  tls: flag('Use TLS; implied by --tlsverify'),
  tlscacert: text('Trust certs signed only by this CA'),
  tlscert: text('Path to TLS certificate file'),
  tlskey: text('Path to TLS key file'),
  tlsverify: flag('Use TLS and verify the remote'),
  validate: flag('Validate daemon configuration and exit'),
} as const satisfies Record<string, Options>;

export type FlagName = keyof typeof flagTable;
export type FlagValues = Partial<Record<FlagName, unknown>>;

export type ParsedFlags =
  | { readonly kind: 'run'; readonly values: FlagValues }
  | { readonly kind: 'print'; readonly text: string };

/** `print` for `--help` and `--version`; invalid_argument in the original's words for anything that is not understood. */
export async function parseFlags(words: readonly string[]): Promise<ParsedFlags> {
  const parser = yargs([...words])
    .scriptName('dockerd-ts')
    .usage('Usage: dockerd-ts [OPTIONS]\n\nA self-sufficient runtime for containers, in TypeScript.')
    .options(flagTable)
    .version(false)
    .option('version', { alias: 'v', type: 'boolean', describe: 'Print version information and quit' })
    .help(false)
    .option('help', { alias: 'h', type: 'boolean', describe: 'Print usage' })
    .parserConfiguration({
      'camel-case-expansion': false,
      'strip-aliased': true,
      'greedy-arrays': false,
      'boolean-negation': false,
    })
    .wrap(110)
    .exitProcess(false)
    .fail((message, error) => {
      throw error ?? invalidArgument(message);
    });
  const { _: positional, $0: _name, ...values } = await parser.parseAsync();
  if (values.help === true) return { kind: 'print', text: `${await parser.getHelp()}\n` };
  if (values.version === true) return { kind: 'print', text: `dockerd-ts version ${version}\n` };
  verify(values, positional);
  return { kind: 'run', values };
}

function verify(values: Record<string, unknown>, positional: readonly unknown[]): void {
  const seeHelp = "\nSee 'dockerd-ts --help'.";
  const unknownFlag = Object.keys(values).find((name) => !(name in flagTable));
  if (unknownFlag !== undefined)
    throw invalidArgument(
      unknownFlag.length === 1
        ? `unknown shorthand flag: '${unknownFlag}'${seeHelp}`
        : `unknown flag: --${unknownFlag}${seeHelp}`,
    );
  if (positional.length > 0) throw invalidArgument(`"dockerd-ts" accepts no arguments.${seeHelp}`);
  for (const [name, value] of Object.entries(values)) {
    const { type } = flagTable[name as FlagName] as Options;
    if (type === 'number' && Number.isNaN(value))
      throw invalidArgument(`invalid argument for "--${name}" flag${seeHelp}`);
    if (type === 'string' && value === '') throw invalidArgument(`flag needs an argument: --${name}${seeHelp}`);
  }
}
