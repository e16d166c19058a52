/** containerd's command line: flags before commands; what a flag says goes before what the configuration file says. */
import { version } from '@docker-ts/base/version';
import { existsSync } from 'node:fs';
import yargs from 'yargs';
import { type Config, defaultConfig, logFormats, logLevels } from './config.ts';
import { loadConfigFile, type LoadedConfig } from './config-file.ts';

/** What the command line asks for. */
export type Invocation =
  | { readonly action: 'serve'; readonly load: () => LoadedConfig }
  | { readonly action: 'print-default-config' }
  | { readonly action: 'print-config'; readonly load: () => LoadedConfig };

/** Read if it is there and no other is named. */
const defaultConfigPath = '/etc/containerd-ts/config.toml';

/** Parses the arguments. `--help`, `--version` and mistakes end the process, as yargs does. */
export function parseCommandLine(args: readonly string[]): Invocation {
  let action = 'serve' as Invocation['action'];
  const parser = commandLine(args, (chosen) => {
    action = chosen;
  });
  const flags = parser.parseSync();
  const load = (): LoadedConfig => {
    const path = flags.config ?? (existsSync(defaultConfigPath) ? defaultConfigPath : undefined);
    const loaded = path === undefined ? { config: defaultConfig, warnings: [] } : loadConfigFile(path);
    return { ...loaded, config: withFlags(loaded.config, flags) };
  };
  return action === 'print-default-config' ? { action } : { action, load };
}

function commandLine(args: readonly string[], choose: (action: Invocation['action']) => void) {
  return yargs([...args])
    .scriptName('containerd-ts')
    .usage('$0 [flags]\n\nContent, images, snapshots, containers, tasks and events over gRPC')
    .option('config', { alias: 'c', type: 'string', describe: `Path to the configuration file [${defaultConfigPath}]` })
    .option('log-level', { alias: 'l', choices: logLevels, describe: 'Set the logging level' })
    .option('log-format', { choices: logFormats, describe: 'Set the form of log lines' })
    .option('address', { alias: 'a', type: 'string', describe: 'Address for the gRPC server' })
    .option('root', { type: 'string', describe: 'Root directory: data that outlives a reboot' })
    .option('state', { type: 'string', describe: 'State directory: what dies with one' })
    .command('$0', 'Run the daemon', (command) => command)
    .command('config', 'Information on the configuration', (config) =>
      config
        .command('default', 'See the default configuration', {}, () => choose('print-default-config'))
        .command('dump', 'See the configuration with flags and file in effect', {}, () => choose('print-config'))
        .demandCommand(1, 'choose default or dump'),
    )
    .wrap(100)
    .strict()
    .parserConfiguration({ 'duplicate-arguments-array': false })
    .alias('version', 'v')
    .alias('help', 'h')
    .version(`containerd-ts version ${version}`);
}

type Flags = ReturnType<ReturnType<typeof commandLine>['parseSync']>;

function withFlags(config: Config, flags: Flags): Config {
  return {
    ...config,
    root: flags.root ?? config.root,
    state: flags.state ?? config.state,
    grpc: { ...config.grpc, address: flags.address ?? config.grpc.address },
    log: { level: flags['log-level'] ?? config.log.level, format: flags['log-format'] ?? config.log.format },
  };
}
