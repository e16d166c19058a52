/**
 * The command line, read by a table: runc's options (`-b x`, `--bundle x`, `--bundle=x`, one dash for long names too), mixed with
 * arguments as runc allows, but for commands that pass arguments on.
 */
import { invalidArgument } from '@docker-ts/base/errors';

export interface Option {
  /** Long name first. */
  readonly names: readonly string[];
  readonly kind: 'flag' | 'value' | 'list';
  /** Stands for the value in --help. */
  readonly argument?: string;
  readonly about: string;
}

/** What was given, by an option's first name. */
export class Options {
  readonly #values = new Map<string, string[]>();

  set(name: string, value: string, list: boolean): void {
    const values = list ? (this.#values.get(name) ?? []) : [];
    values.push(value);
    this.#values.set(name, values);
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  flag(name: string): boolean {
    const value = this.value(name);
    return value !== undefined && value !== 'false';
  }

  value(name: string): string | undefined {
    return this.#values.get(name)?.at(-1);
  }

  list(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }

  /** invalid_argument: it is no whole number. */
  integer(name: string, fallback: number): number {
    const value = this.value(name);
    if (value === undefined) return fallback;
    if (!/^-?\d+$/.test(value)) throw invalidArgument(`invalid value "${value}" for flag -${name}: parse error`);
    return Number(value);
  }
}

export interface ParsedArguments {
  readonly options: Options;
  readonly positionals: readonly string[];
}

function findOption(table: readonly Option[], name: string): Option {
  const option = table.find(({ names }) => names.includes(name));
  if (option === undefined) throw invalidArgument(`flag provided but not defined: -${name}`);
  return option;
}

/** `stopAtFirst`: everything from the first argument on is passed on as it is. */
export function parseArguments(
  args: readonly string[],
  table: readonly Option[],
  stopAtFirst: boolean,
): ParsedArguments {
  const options = new Options();
  const positionals: string[] = [];
  for (let index = 0; index < args.length; index++) {
    const word = args[index] ?? '';
    if (word === '--') {
      positionals.push(...args.slice(index + 1));
      break;
    }
    const match = /^--?([A-Za-z][\w-]*)(?:=(.*))?$/s.exec(word);
    if (match === null) {
      if (stopAtFirst) {
        positionals.push(...args.slice(index));
        break;
      }
      positionals.push(word);
      continue;
    }
    const [, name = '', inline] = match;
    const option = findOption(table, name);
    const [long = name] = option.names;
    if (option.kind === 'flag') {
      options.set(long, inline ?? 'true', false);
      continue;
    }
    const value = inline ?? args[++index];
    if (value === undefined) throw invalidArgument(`flag needs an argument: -${name}`);
    options.set(long, value, option.kind === 'list');
  }
  return { options, positionals };
}
