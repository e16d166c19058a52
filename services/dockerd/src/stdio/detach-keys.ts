/**
 * The key sequence that takes a client off a container without ending either (`--detach-keys`, default `ctrl-p,ctrl-q`). Keys:
 * single characters or `ctrl-` with a letter or one of `@ [ \ ] ^ _`.
 */
import { invalidArgument } from '@docker-ts/base/errors';

const control = /^ctrl-([a-z@[\\\]^_])$/;

/** Bytes of a sequence such as `ctrl-p,ctrl-q`; invalid_argument for a key that does not exist. */
export function parseDetachKeys(sequence: string): number[] {
  return sequence.split(',').map((key) => {
    const letter = control.exec(key)?.[1];
    // Control characters are the letter's ASCII code without its upper bits.
    if (letter !== undefined) return letter.toUpperCase().charCodeAt(0) & 0x1f;
    if (key.length === 1) return key.charCodeAt(0) & 0xff;
    throw invalidArgument(`Invalid escape keys (${sequence}) provided`);
  });
}

export const defaultDetachKeys: readonly number[] = parseDetachKeys('ctrl-p,ctrl-q');

/**
 * Watches a client's input for the sequence. Bytes that may be its beginning are held back until the next byte tells: a
 * complete sequence never reaches the container, a broken one does, whole.
 */
export class DetachKeyFilter {
  readonly #keys: readonly number[];
  #matched = 0;

  constructor(keys: readonly number[]) {
    this.#keys = keys;
  }

  /** What of `input` goes to the container, and whether the sequence was completed (the rest is dropped then). */
  push(input: Uint8Array): { readonly data: Uint8Array; readonly detached: boolean } {
    const keys = this.#keys;
    if (keys.length === 0 || (this.#matched === 0 && !input.includes(keys[0] ?? 0)))
      return { data: input, detached: false };
    const out: number[] = [];
    for (const byte of input) {
      if (byte !== keys[this.#matched] && this.#matched > 0) {
        out.push(...keys.slice(0, this.#matched));
        this.#matched = 0;
      }
      if (byte === keys[this.#matched]) {
        this.#matched += 1;
        if (this.#matched === keys.length) return { data: Uint8Array.from(out), detached: true };
      } else out.push(byte);
    }
    return { data: Uint8Array.from(out), detached: false };
  }

  /** What is still held back when the input ends. */
  rest(): Uint8Array {
    const held = Uint8Array.from(this.#keys.slice(0, this.#matched));
    this.#matched = 0;
    return held;
  }
}
