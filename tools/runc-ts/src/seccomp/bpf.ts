/**
 * Classic BPF as seccomp takes it (seccomp(2), kernel Documentation/networking/filter.rst): an accumulator, absolute loads from
 * `struct seccomp_data`, jumps forward only, and a return. A block is a list of instructions that is entered at its start and
 * ends in returns, or falls out of its end; jumps inside are relative, so blocks can be put behind one another freely.
 */

/** code, jt, jf, k for each instruction, one after the other. */
export type Block = number[];

const width = 4;

/** BPF_CLASS | BPF_SIZE | BPF_MODE … of include/uapi/linux/bpf_common.h. */
const LD_W_ABS = 0x20;
const ALU_AND_K = 0x54;
const JMP_JA = 0x05;
const JMP_JEQ_K = 0x15;
const JMP_JGT_K = 0x25;
const JMP_JGE_K = 0x35;
const RET_K = 0x06;

/** Offsets in `struct seccomp_data`: nr, arch, instruction_pointer, args[6]. */
export const numberOffset = 0;
export const archOffset = 4;
const argsOffset = 16;

/** Offset of the low or high 32 bits of an argument. Every architecture here is little endian. */
export function argumentOffset(index: number, half: 'low' | 'high'): number {
  return argsOffset + index * 8 + (half === 'low' ? 0 : 4);
}

export function lengthOf(block: Block): number {
  return block.length / width;
}

export function load(offset: number): Block {
  return [LD_W_ABS, 0, 0, offset];
}

export function and(mask: number): Block {
  return [ALU_AND_K, 0, 0, mask];
}

export function ret(value: number): Block {
  return [RET_K, 0, 0, value];
}

export type Comparison = 'eq' | 'gt' | 'ge';

const comparisonCodes: Readonly<Record<Comparison, number>> = { eq: JMP_JEQ_K, gt: JMP_JGT_K, ge: JMP_JGE_K };

/** Compares the accumulator with `k`, unsigned; skips `ifTrue` or `ifFalse` instructions (at most 255). */
export function jump(comparison: Comparison, k: number, ifTrue: number, ifFalse: number): Block {
  return [comparisonCodes[comparison], ifTrue, ifFalse, k];
}

/** `whenTrue` if the comparison holds, else `whenFalse`. Neither may fall out of its end. */
export function choose(comparison: Comparison, k: number, whenTrue: Block, whenFalse: Block): Block {
  const skip = lengthOf(whenFalse);
  // A conditional jump reaches 255 instructions, an unconditional one as far as it likes.
  const head = skip <= 255 ? jump(comparison, k, skip, 0) : [...jump(comparison, k, 0, 1), JMP_JA, 0, 0, skip];
  return head.concat(whenFalse, whenTrue);
}

/** struct sock_filter[]: u16 code, u8 jt, u8 jf, u32 k. */
export function encode(block: Block): Uint8Array {
  const bytes = new Uint8Array(lengthOf(block) * 8);
  const view = new DataView(bytes.buffer);
  for (let from = 0, to = 0; from < block.length; from += width, to += 8) {
    view.setUint16(to, block[from] ?? 0, true);
    view.setUint8(to + 2, block[from + 1] ?? 0);
    view.setUint8(to + 3, block[from + 2] ?? 0);
    view.setUint32(to + 4, block[from + 3] ?? 0, true);
  }
  return bytes;
}
