/** What a command is, and what all of them share. */
import { invalidArgument } from '@docker-ts/base/errors';
import type { Option, Options } from './arguments.ts';
import type { Log } from './log.ts';

export interface Globals {
  readonly root: string;
  readonly systemdCgroup: boolean;
  readonly log: Log;
}

export interface Invocation {
  readonly options: Options;
  readonly positionals: readonly string[];
  readonly globals: Globals;
}

export interface Command {
  readonly name: string;
  /** `<container-id> [signal]` */
  readonly usage: string;
  readonly about: string;
  readonly options: readonly Option[];
  /** Fewest and most arguments. */
  readonly arity: readonly [number, number];
  /** Arguments after the first are another program's. */
  readonly passesArguments?: boolean;
  /** Starts error messages, as runc does for create, run and exec. */
  readonly errorPrefix?: string;
  /** Exit status of a failure; default 1. */
  readonly failureStatus?: number;
  /** Answers the exit status. */
  readonly run: (invocation: Invocation) => number | Promise<number>;
}

/** The container id, which the arity has made sure of. */
export function idOf({ positionals }: Invocation): string {
  return positionals[0] ?? '';
}

export const jsonFormatOption: Option = {
  names: ['format', 'f'],
  kind: 'value',
  argument: 'table|json',
  about: 'how to print: table (default) or json',
};

/** invalid_argument: neither table nor json. */
export function formatOf(options: Options): 'table' | 'json' {
  const format = options.value('format') ?? 'table';
  if (format !== 'table' && format !== 'json') throw invalidArgument('invalid format option');
  return format;
}
