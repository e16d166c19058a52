/** daemon.json: the same settings as the flags. One that is given in both places is an error, as in the original. */
import { failedPrecondition, invalidArgument, messageOf } from '@docker-ts/base/errors';
import { readFileSync } from 'node:fs';
import { defaultConfigFile } from './options.ts';
import { flagTable, type FlagName, type FlagValues } from './flags.ts';

/** Keys whose name in the file is not the flag's. */
const flagByKey: Readonly<Record<string, FlagName>> = {
  hosts: 'host',
  labels: 'label',
  'dns-opts': 'dns-opt',
  'insecure-registries': 'insecure-registry',
  'registry-mirrors': 'registry-mirror',
  'log-opts': 'log-opt',
  runtimes: 'add-runtime',
};

/** Lists that add up instead of contradicting each other. */
const additive: readonly FlagName[] = ['add-runtime', 'log-opt'];

function toFlagValue(key: string, value: unknown): unknown {
  if (key === 'log-opts')
    return Object.entries(value as Record<string, string>).map(([name, text]) => `${name}=${text}`);
  if (key === 'runtimes')
    return Object.entries(value as Record<string, { path?: string }>).map(([name, { path = '' }]) => `${name}=${path}`);
  return value;
}

/** The file's settings under the flags' names. A missing file counts as empty unless it was asked for. */
export function readDaemonFile(path: string | undefined): FlagValues {
  let content: string;
  try {
    content = readFileSync(path ?? defaultConfigFile, 'utf8');
  } catch (error) {
    if (path === undefined && (error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw failedPrecondition(`unable to read the daemon configuration file: ${messageOf(error)}`, error);
  }
  const where = `unable to configure the Docker daemon with file ${path ?? defaultConfigFile}`;
  let document: unknown;
  try {
    document = content.trim() === '' ? {} : JSON.parse(content);
  } catch (error) {
    throw invalidArgument(`${where}: ${messageOf(error)}`, error);
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document))
    throw invalidArgument(`${where}: not a JSON object`);
  const values: FlagValues = {};
  const unknownKeys: string[] = [];
  for (const [key, value] of Object.entries(document)) {
    const name = flagByKey[key] ?? (key as FlagName);
    if (!(name in flagTable) || name === 'config-file') unknownKeys.push(key);
    else values[name] = toFlagValue(key, value);
  }
  if (unknownKeys.length > 0)
    throw invalidArgument(
      `${where}: the following directives don't match any configuration option: ${unknownKeys.join(', ')}`,
    );
  return values;
}

/** Flags and file together; invalid_argument if both give the same setting. */
export function mergeSettings(flags: FlagValues, file: FlagValues): FlagValues {
  const merged: FlagValues = { ...file, ...flags };
  const twice: string[] = [];
  for (const name of Object.keys(file) as FlagName[]) {
    if (flags[name] === undefined) continue;
    if (additive.includes(name)) merged[name] = [...(file[name] as string[]), ...(flags[name] as string[])];
    else twice.push(`${name}: (from flag: ${JSON.stringify(flags[name])}, from file: ${JSON.stringify(file[name])})`);
  }
  if (twice.length > 0)
    throw invalidArgument(
      `the following directives are specified both as a flag and in the configuration file: ${twice.join(', ')}`,
    );
  return merged;
}
