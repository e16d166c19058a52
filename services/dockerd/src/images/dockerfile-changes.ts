/**
 * `--change` of `docker import` (and commit): single Dockerfile instructions applied to an image configuration. Syntax and the list
 * of allowed instructions: Dockerfile reference, moby's `validCommitCommands`.
 */
import { invalidArgument, unimplemented } from '@docker-ts/base/errors';
import type { ImageDefaults } from '../spec/container-config.ts';

type Apply = (config: ImageDefaults, rest: string) => ImageDefaults;

/** JSON's list form of an instruction, or `undefined`. */
function listForm(text: string): string[] | undefined {
  if (!text.startsWith('[')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : undefined;
  } catch {
    return undefined;
  }
}

const command = (text: string): string[] => listForm(text) ?? ['/bin/sh', '-c', text];

/** Words with quotes and backslashes taken away. */
function words(text: string): string[] {
  const found = text.match(/(?:\\.|"(?:\\.|[^"\\])*"|'[^']*'|[^\s"'\\])+/gs) ?? [];
  return found.map((word) =>
    word.replace(
      /\\(.)|"((?:\\.|[^"\\])*)"|'([^']*)'/gs,
      (_, escaped?: string, double?: string, single?: string) =>
        escaped ?? double?.replace(/\\(["\\$])/g, '$1') ?? single ?? '',
    ),
  );
}

/** `A=1 B="x y"`, or the old `A the rest of the line`. */
function pairs(instruction: string, text: string): [key: string, value: string][] {
  const parts = words(text);
  if (parts[0]?.includes('=') === true)
    return parts.map((part) => {
      const equals = part.indexOf('=');
      if (equals <= 0)
        throw invalidArgument(`Syntax error - can't find = in "${part}". Must be of the form: name=value`);
      return [part.slice(0, equals), part.slice(equals + 1)];
    });
  const match = /^(\S+)\s+(.+)$/s.exec(text.trim());
  if (match === null) throw invalidArgument(`${instruction} must have two arguments`);
  return [[match[1] ?? '', match[2] ?? '']];
}

const single = (instruction: string, text: string): string => {
  const value = words(text).join(' ');
  if (value === '') throw invalidArgument(`${instruction} requires exactly one argument`);
  return value;
};

const keys = (names: readonly string[]): Record<string, object> => Object.fromEntries(names.map((name) => [name, {}]));

const instructions: Readonly<Record<string, Apply>> = {
  CMD: (config, rest) => ({ ...config, Cmd: command(rest) }),
  ENTRYPOINT: (config, rest) => ({ ...config, Entrypoint: command(rest) }),
  ENV: (config, rest) => {
    const added = pairs('ENV', rest);
    const names = new Set(added.map(([name]) => name));
    const kept = (config.Env ?? []).filter((entry) => !names.has(entry.split('=', 1)[0] ?? ''));
    return { ...config, Env: [...kept, ...added.map(([name, value]) => `${name}=${value}`)] };
  },
  EXPOSE: (config, rest) => ({
    ...config,
    ExposedPorts: {
      ...config.ExposedPorts,
      ...keys(words(rest).map((port) => (port.includes('/') ? port : `${port}/tcp`))),
    },
  }),
  LABEL: (config, rest) => ({ ...config, Labels: { ...config.Labels, ...Object.fromEntries(pairs('LABEL', rest)) } }),
  ONBUILD: (config, rest) => ({ ...config, OnBuild: [...(config.OnBuild ?? []), rest] }),
  STOPSIGNAL: (config, rest) => ({ ...config, StopSignal: single('STOPSIGNAL', rest) }),
  USER: (config, rest) => ({ ...config, User: single('USER', rest) }),
  VOLUME: (config, rest) => ({ ...config, Volumes: { ...config.Volumes, ...keys(listForm(rest) ?? words(rest)) } }),
  WORKDIR: (config, rest) => {
    const path = single('WORKDIR', rest);
    return {
      ...config,
      WorkingDir: path.startsWith('/') ? path : `${config.WorkingDir || '/'}/${path}`.replace('//', '/'),
    };
  },
  HEALTHCHECK: (config, rest) => {
    if (rest.trim().toUpperCase() === 'NONE') return { ...config, Healthcheck: { Test: ['NONE'] } };
    throw unimplemented('HEALTHCHECK other than NONE is not supported as a change yet');
  },
};

/** Applies the changes in order. An instruction that is none, or not allowed here, is invalid_argument. */
export function applyChanges(config: ImageDefaults, changes: readonly string[]): ImageDefaults {
  let result = config;
  for (const change of changes) {
    const [, name = '', rest = ''] = /^\s*(\S+)\s*(.*)$/s.exec(change) ?? [];
    const apply = instructions[name.toUpperCase()];
    if (apply === undefined) throw invalidArgument(`${name} is not a valid change command`);
    result = apply(result, rest.trim());
  }
  return result;
}
