/**
 * Classic BPF as seccomp takes it (seccomp(2), kernel Documentation/networking/filter.rst): an accumulator, absolute loads from
 * `struct seccomp_data`, jumps forward only, and a return. Programs are written from their end to their start: every target of a
 * jump is known when the jump is written, so there is nothing to patch and nothing to copy.
 */

/** Names an instruction: how many there are from it to the end of the program. */
export type Label = number;

export type Comparison = 'eq' | 'gt' | 'ge';

/** BPF_CLASS | BPF_SIZE | BPF_MODE … of include/uapi/linux/bpf_common.h. */
const LD_W_ABS = 0x20;
const ALU_AND_K = 0x54;
const JMP_JA = 0x05;
const RET_K = 0x06;
const comparisonCodes: Readonly<Record<Comparison, number>> = { eq: 0x15, gt: 0x25, ge: 0x35 };

/** BPF_MAXINSNS. */
export const maxInstructions = 4096;

/** How far a conditional jump reaches. */
const reach = 255;

/** Offsets in `struct seccomp_data`: nr, arch, instruction_pointer, args[6]. */
export const numberOffset = 0;
export const archOffset = 4;

/** Offset of the low or high 32 bits of an argument. Every architecture here is little endian. */
export function argumentOffset(index: number, half: 'low' | 'high'): number {
  return 16 + index * 8 + (half === 'low' ? 0 : 4);
}

/** Writes one program, last instruction first. Each method returns the label of what it wrote, for what comes before it. */
export class BpfWriter {
  /** Two words an instruction: code, jt and jf; k. Grows towards the start. */
  #words = new Uint32Array(2048);
  #count = 0;
  readonly #returns = new Map<number, Label>();

  get instructionCount(): number {
    return this.#count;
  }

  #write(code: number, ifTrue: number, ifFalse: number, k: number): Label {
    this.#count++;
    let at = this.#words.length - this.#count * 2;
    if (at < 0) {
      const larger = new Uint32Array(this.#words.length * 2);
      larger.set(this.#words, this.#words.length);
      at += this.#words.length;
      this.#words = larger;
    }
    this.#words[at] = code | (ifTrue << 16) | (ifFalse << 24);
    this.#words[at + 1] = k;
    return this.#count;
  }

  /** Goes on at `target`: nothing to write if that is what comes next. */
  #goto(target: Label): Label {
    return target === this.#count ? target : this.#write(JMP_JA, 0, 0, this.#count - target);
  }

  /** Ends with `value`. An equal return that is near enough is used again. */
  ret(value: number): Label {
    const present = this.#returns.get(value);
    if (present !== undefined && this.#count - present < reach / 2) return present;
    const label = this.#write(RET_K, 0, 0, value);
    this.#returns.set(value, label);
    return label;
  }

  /** Loads the word at `offset` into the accumulator, then goes on at `next`. */
  load(offset: number, next: Label): Label {
    this.#goto(next);
    return this.#write(LD_W_ABS, 0, 0, offset);
  }

  /** Masks the accumulator, then goes on at `next`. */
  and(mask: number, next: Label): Label {
    this.#goto(next);
    return this.#write(ALU_AND_K, 0, 0, mask);
  }

  /** Compares the accumulator with `k`, unsigned. */
  jump(comparison: Comparison, k: number, ifTrue: Label, ifFalse: Label): Label {
    // What is out of reach gets an unconditional jump, which reaches everywhere, close by.
    const first = this.#count - ifTrue < reach ? ifTrue : this.#goto(ifTrue);
    const second = this.#count - ifFalse < reach ? ifFalse : this.#goto(ifFalse);
    return this.#write(comparisonCodes[comparison], this.#count - first, this.#count - second, k);
  }

  /** struct sock_filter[]: u16 code, u8 jt, u8 jf, u32 k. */
  finish(start: Label): Uint8Array {
    this.#goto(start);
    return new Uint8Array(this.#words.buffer, (this.#words.length - this.#count * 2) * 4).slice();
  }
}
