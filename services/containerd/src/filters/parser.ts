/**
 * Reads filter expressions:
 *
 *     selectors := selector ("," selector)*            all must match
 *     selector  := fieldpath (operator value)?         without operator: the field is there
 *     fieldpath := field ("." field)*
 *     field     := quoted | [A-Za-z0-9_]+
 *     operator  := "==" | "!=" | "~="
 *     value     := quoted | [^\s,]+
 *     quoted    := Go string literal; after "~=" also between slashes or bars
 *
 * A list of expressions matches what any of them matches; the empty list and the empty expression match everything.
 */
import { invalidArgument } from '@docker-ts/base/errors';
import { type Filter, matchAll, type Operator, selector } from './filter.ts';
import { Scanner, type Token } from './scanner.ts';
import { unquote } from './unquote.ts';

/** @throws invalid_argument if one of the expressions cannot be read. */
export function parseFilters(expressions: readonly string[]): Filter {
  if (expressions.length === 0) return matchAll;
  const filters = expressions.map((expression) => parseFilter(expression));
  return (fields) => filters.some((filter) => filter(fields));
}

export function parseFilter(expression: string): Filter {
  if (expression === '') return matchAll;
  return new Parser(expression).parse();
}

class Parser {
  readonly #input: string;
  readonly #scanner: Scanner;

  constructor(input: string) {
    this.#input = input;
    this.#scanner = new Scanner(input);
  }

  parse(): Filter {
    const selectors = [this.#selector()];
    for (;;) {
      const token = this.#scanner.next();
      if (token.kind === 'end') break;
      if (token.text !== ',') this.#fail(token, `unexpected input: ${token.text}`);
      selectors.push(this.#selector());
    }
    return (fields) => selectors.every((matches) => matches(fields));
  }

  #selector(): Filter {
    const path = [this.#field()];
    while (this.#scanner.peek() === '.') {
      this.#scanner.next();
      path.push(this.#field());
    }
    const next = this.#scanner.peek();
    if (next === ',' || next === '') return selector(path, 'present', '');
    const operator = this.#operator();
    return selector(path, operator, this.#value(operator));
  }

  #field(): string {
    const token = this.#scanner.next();
    if (token.kind === 'field') return token.text;
    if (token.kind === 'quoted') return this.#unquote(token, false);
    return this.#fail(token, token.kind === 'illegal' ? token.text : 'expected field or quoted');
  }

  #operator(): Operator {
    const token = this.#scanner.next();
    if (token.kind !== 'operator') {
      this.#fail(token, token.kind === 'illegal' ? token.text : 'expected an operator ("=="|"!="|"~=")');
    }
    if (token.text === '==' || token.text === '!=' || token.text === '~=') return token.text;
    return this.#fail(token, `unsupported operator ${JSON.stringify(token.text)}`);
  }

  #value(operator: Operator): string {
    const token = this.#scanner.next();
    if (token.kind === 'value' || token.kind === 'field') return token.text;
    if (token.kind === 'quoted') return this.#unquote(token, operator === '~=');
    return this.#fail(token, token.kind === 'illegal' ? token.text : 'expected value or quoted');
  }

  #unquote(token: Token, anyQuote: boolean): string {
    if (!anyQuote && !token.text.startsWith('"')) this.#fail(token, 'invalid quote encountered');
    return unquote(token.text) ?? this.#fail(token, 'unquoting failed: invalid syntax');
  }

  #fail({ position }: Token, message: string): never {
    const input = this.#input;
    const place =
      position < input.length
        ? `[${input.slice(0, position)} >|${input[position]}|< ${input.slice(position + 1)}]`
        : `[${input}]`;
    throw invalidArgument(`filters: parse error: ${place}: ${message}: invalid argument`);
  }
}
