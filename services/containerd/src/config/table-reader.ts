/** Takes typed values out of a TOML table, and remembers which keys nobody asked for. */
import { invalidArgument } from '@docker-ts/base/errors';
import type { TomlTable, TomlValue } from 'smol-toml';

export class TableReader {
  readonly #table: TomlTable;
  readonly #path: string;
  readonly #warnings: string[];
  readonly #asked = new Set<string>();

  /** `path` names the table in messages, '' for the top. */
  constructor(table: TomlTable, path: string, warnings: string[]) {
    this.#table = table;
    this.#path = path;
    this.#warnings = warnings;
  }

  text(key: string, fallback: string): string {
    return this.#value(key, fallback, (value) => typeof value === 'string', 'a string');
  }

  number(key: string, fallback: number): number {
    return this.#value(key, fallback, (value) => typeof value === 'number', 'a number');
  }

  integer(key: string, fallback: number): number {
    return this.#value(key, fallback, (value) => Number.isSafeInteger(value), 'an integer');
  }

  choice<Choice extends string>(key: string, choices: readonly Choice[], fallback: Choice): Choice {
    const value = this.text(key, '');
    if (value === '') return fallback;
    const chosen = choices.find((choice) => choice === value);
    if (chosen === undefined) throw this.#fault(key, `one of ${choices.join(', ')}`);
    return chosen;
  }

  texts(key: string): readonly string[] {
    const isTexts = (value: TomlValue): boolean =>
      Array.isArray(value) && value.every((item) => typeof item === 'string');
    return this.#value<string[]>(key, [], isTexts, 'a list of strings');
  }

  /** The whole table as strings by key. */
  textMap(): Readonly<Record<string, string>> {
    return Object.fromEntries(Object.keys(this.#table).map((key) => [key, this.text(key, '')]));
  }

  table(key: string): TableReader {
    const isTable = (value: TomlValue): boolean =>
      typeof value === 'object' && !Array.isArray(value) && !(value instanceof Date);
    const table = this.#value<TomlTable>(key, {}, isTable, 'a table');
    return new TableReader(table, this.#name(key), this.#warnings);
  }

  /** Warns of every key that was not asked for. */
  warnRest(): void {
    for (const key of Object.keys(this.#table)) {
      if (!this.#asked.has(key)) this.#warnings.push(`config key "${this.#name(key)}" is not supported and left out`);
    }
  }

  #value<T>(key: string, fallback: T, fits: (value: TomlValue) => boolean, kind: string): T {
    this.#asked.add(key);
    const value = this.#table[key];
    if (value === undefined) return fallback;
    if (!fits(value)) throw this.#fault(key, kind);
    return value as T;
  }

  #name(key: string): string {
    return this.#path === '' ? key : `${this.#path}.${key}`;
  }

  #fault(key: string, kind: string): Error {
    return invalidArgument(`config key "${this.#name(key)}" must be ${kind}`);
  }
}
