/** `update`: other limits for a container that exists. */
import { readFileSync } from 'node:fs';
import { parseExactJson } from '@docker-ts/oci/exact-json';
import type { JsonInteger, LinuxResources } from '@docker-ts/oci/runtime-spec';
import { validateResources } from '@docker-ts/oci/runtime-spec-validation';
import { failedPrecondition, invalidArgument } from '@docker-ts/base/errors';
import type { Option, Options } from '../cli/arguments.ts';
import { type Command, idOf } from '../cli/command.ts';
import { Container } from '../container/container.ts';

interface Limit {
  readonly section: 'memory' | 'cpu' | 'pids' | 'blockIO';
  readonly member: string;
  readonly kind: 'bytes' | 'number' | 'text';
  readonly about: string;
}

const limits: Readonly<Record<string, Limit>> = {
  memory: { section: 'memory', member: 'limit', kind: 'bytes', about: 'memory limit' },
  'memory-reservation': { section: 'memory', member: 'reservation', kind: 'bytes', about: 'soft memory limit' },
  'memory-swap': {
    section: 'memory',
    member: 'swap',
    kind: 'bytes',
    about: 'memory and swap together; -1: unlimited swap',
  },
  'cpu-period': { section: 'cpu', member: 'period', kind: 'number', about: 'period of the CPU quota, in microseconds' },
  'cpu-quota': { section: 'cpu', member: 'quota', kind: 'number', about: 'CPU time in a period, in microseconds' },
  'cpu-burst': {
    section: 'cpu',
    member: 'burst',
    kind: 'number',
    about: 'CPU time that may be saved up, in microseconds',
  },
  'cpu-share': { section: 'cpu', member: 'shares', kind: 'number', about: 'relative CPU weight' },
  'cpu-rt-period': { section: 'cpu', member: 'realtimePeriod', kind: 'number', about: 'period of the realtime quota' },
  'cpu-rt-runtime': {
    section: 'cpu',
    member: 'realtimeRuntime',
    kind: 'number',
    about: 'realtime CPU time in a period',
  },
  'cpu-idle': {
    section: 'cpu',
    member: 'idle',
    kind: 'number',
    about: '1: the cgroup runs only when nothing else does',
  },
  'cpuset-cpus': { section: 'cpu', member: 'cpus', kind: 'text', about: 'CPUs to use' },
  'cpuset-mems': { section: 'cpu', member: 'mems', kind: 'text', about: 'memory nodes to use' },
  'pids-limit': { section: 'pids', member: 'limit', kind: 'number', about: 'most processes' },
  'blkio-weight': { section: 'blockIO', member: 'weight', kind: 'number', about: 'relative I/O weight, 10 to 1000' },
};

const factors: Readonly<Record<string, bigint>> = { '': 1n, k: 1n << 10n, m: 1n << 20n, g: 1n << 30n, t: 1n << 40n };

/** `512m` → 536870912. */
function parseBytes(text: string, name: string): JsonInteger {
  const match = /^(-?\d+)\s*([kmgt]?)(?:i?b)?$/i.exec(text);
  const [, digits = '', unit = ''] = match ?? [];
  if (match === null) throw invalidArgument(`invalid value for ${name}: "${text}"`);
  return BigInt(digits) * (factors[unit.toLowerCase()] ?? 1n);
}

function parseNumber(text: string, name: string): JsonInteger {
  if (!/^-?\d+$/.test(text)) throw invalidArgument(`invalid value for ${name}: "${text}"`);
  return BigInt(text);
}

function resourcesFromOptions(options: Options): LinuxResources {
  const sections: Record<string, Record<string, JsonInteger | string>> = {};
  for (const [name, { section, member, kind }] of Object.entries(limits)) {
    const text = options.value(name);
    if (text === undefined) continue;
    const value = kind === 'text' ? text : kind === 'bytes' ? parseBytes(text, name) : parseNumber(text, name);
    (sections[section] ??= {})[member] =
      typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : value;
  }
  return validateResources(sections, 'command line');
}

const options: readonly Option[] = [
  {
    names: ['resources', 'r'],
    kind: 'value',
    argument: 'FILE',
    about: 'JSON file with the resources, or - for standard input; all other options are ignored then',
  },
  ...Object.entries(limits).map(([name, { about }]): Option => ({ names: [name], kind: 'value', about })),
];

export const updateCommand: Command = {
  name: 'update',
  usage: '<container-id>',
  about: 'update container resource constraints',
  options,
  arity: [1, 1],
  run: (invocation) => {
    const container = Container.load(invocation.globals.root, idOf(invocation));
    const file = invocation.options.value('resources');
    const resources =
      file === undefined
        ? resourcesFromOptions(invocation.options)
        : validateResources(parseExactJson(readFileSync(file === '-' ? 0 : file, 'utf8'), file), file);
    if (container.status() === 'stopped') throw failedPrecondition('container not running');
    container.cgroup.set(resources);
    return 0;
  },
};
