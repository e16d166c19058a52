/**
 * Splits a filter expression into tokens (grammar in `parser.ts`). Quotes are `"`, `/` and `|`; after an operator one token may be any run
 * of characters without space and comma.
 */
export type TokenKind = 'end' | 'quoted' | 'value' | 'field' | 'separator' | 'operator' | 'illegal';

export interface Token {
  readonly kind: TokenKind;
  /** Where it begins, in code units. */
  readonly position: number;
  readonly text: string;
}

const fieldPattern = /[A-Za-z0-9_]+/y;
const valuePattern = /[^\s,]+/y;
const operatorPattern = /[=!~]+/y;
const spacePattern = /\s+/y;

export class Scanner {
  readonly #input: string;
  #position = 0;
  /** An operator was read last: what follows is a value, dots and all. */
  #expectsValue = false;

  constructor(input: string) {
    this.#input = input;
  }

  /** The next character that is not taken yet, '' at the end. Spaces count. */
  peek(): string {
    return this.#input[this.#position] ?? '';
  }

  get position(): number {
    return this.#position;
  }

  /** @returns the next token; an illegal one has the reason as its text. */
  next(): Token {
    this.#take(spacePattern);
    const position = this.#position;
    const character = this.peek();
    if (character === '') return { kind: 'end', position, text: '' };
    if (character === '\0') return { kind: 'illegal', position, text: 'unexpected null' };
    if (character === '"' || character === '/' || character === '|') return this.#quoted(character);
    if (character === ',' || character === '.') {
      if (!this.#expectsValue || character === ',') {
        this.#expectsValue = false;
        this.#position += 1;
        return { kind: 'separator', position, text: character };
      }
    }
    const operator = this.#take(operatorPattern);
    if (operator !== '') {
      this.#expectsValue = true;
      return { kind: 'operator', position, text: operator };
    }
    if (this.#expectsValue) {
      this.#expectsValue = false;
      return { kind: 'value', position, text: this.#take(valuePattern) };
    }
    const field = this.#take(fieldPattern);
    if (field !== '') return { kind: 'field', position, text: field };
    this.#position += 1;
    return { kind: 'illegal', position, text: `unexpected character ${JSON.stringify(character)}` };
  }

  #quoted(quote: string): Token {
    const position = this.#position;
    let end = position + 1;
    for (; this.#input[end] !== quote; end += 1) {
      const character = this.#input[end];
      if (character === undefined || character === '\n') {
        this.#position = end;
        return { kind: 'illegal', position, text: 'quoted literal not terminated' };
      }
      if (character === '\\') end += 1;
    }
    this.#position = end + 1;
    this.#expectsValue = false;
    return { kind: 'quoted', position, text: this.#input.slice(position, end + 1) };
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#position;
    const text = pattern.exec(this.#input)?.[0] ?? '';
    this.#position += text.length;
    return text;
  }
}
