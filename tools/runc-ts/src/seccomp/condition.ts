/**
 * Conditions on a system call's arguments: `SCMP_CMP_*` on 64-bit unsigned values, as libseccomp defines them
 * (seccomp_rule_add(3)), made of the 32-bit comparisons that BPF has.
 */
import type { LinuxSeccompArg, LinuxSeccompOperator } from '@docker-ts/oci/runtime-spec';
import { and, argumentOffset, type Block, type Comparison, jump, lengthOf, load } from './bpf.ts';

export interface Condition {
  readonly index: number;
  readonly op: LinuxSeccompOperator;
  /** What the argument, masked, is compared with. */
  readonly value: bigint;
  /** All ones unless the operator is SCMP_CMP_MASKED_EQ. */
  readonly mask: bigint;
}

const all64 = 0xffff_ffff_ffff_ffffn;
const all32 = 0xffff_ffffn;

/** Undefined if the condition always holds, as a mask without a bit does. */
export function conditionOf(arg: LinuxSeccompArg, bits: 32 | 64): Condition | undefined {
  const significant = bits === 64 ? all64 : all32;
  const masked = arg.op === 'SCMP_CMP_MASKED_EQ';
  const mask = (masked ? BigInt(arg.value) : all64) & significant;
  if (mask === 0n) return undefined;
  const value = BigInt(masked ? (arg.valueTwo ?? 0) : arg.value) & mask;
  return { index: arg.index, op: arg.op, value, mask };
}

export function sameCondition(a: Condition, b: Condition): boolean {
  return a.index === b.index && a.op === b.op && a.value === b.value && a.mask === b.mask;
}

const high = (value: bigint): number => Number(value >> 32n);
const low = (value: bigint): number => Number(value & all32);

/** LT and LE are GE and GT turned round. */
const ordered: Readonly<Partial<Record<LinuxSeccompOperator, readonly [Comparison, boolean]>>> = {
  SCMP_CMP_GT: ['gt', false],
  SCMP_CMP_GE: ['ge', false],
  SCMP_CMP_LT: ['ge', true],
  SCMP_CMP_LE: ['gt', true],
};

/**
 * Instructions that fall out of their end if the condition holds, and skip `otherwise` instructions more if not.
 * `otherwise` plus the block must not pass 255.
 */
export function conditionBlock(condition: Condition, bits: 32 | 64, otherwise: number): Block {
  const { op } = condition;
  if (op === 'SCMP_CMP_EQ' || op === 'SCMP_CMP_MASKED_EQ') return equalBlock(condition, bits, otherwise);
  const [comparison, turned] = ordered[op] ?? ['eq', true];
  return comparisonBlock(condition, bits, comparison, turned, otherwise);
}

function equalBlock({ index, value, mask }: Condition, bits: 32 | 64, otherwise: number): Block {
  const half = (name: 'low' | 'high', halfMask: number, halfValue: number, skip: number): Block => {
    if (halfMask === 0) return [];
    const masked = halfMask === 0xffffffff ? [] : and(halfMask);
    return [...load(argumentOffset(index, name)), ...masked, ...jump('eq', halfValue, 0, skip)];
  };
  const lower = half('low', low(mask), low(value), otherwise);
  if (bits === 32) return lower;
  return [...half('high', high(mask), high(value), otherwise + lengthOf(lower)), ...lower];
}

/** `gt`, `ge` or `eq` on both halves; `turned`: the condition holds if the comparison does not. */
function comparisonBlock(
  { index, value }: Condition,
  bits: 32 | 64,
  comparison: Comparison,
  turned: boolean,
  otherwise: number,
): Block {
  const [ifTrue, ifFalse] = turned ? [otherwise, 0] : [0, otherwise];
  const lower = [...load(argumentOffset(index, 'low')), ...jump(comparison, low(value), ifTrue, ifFalse)];
  if (bits === 32) return lower;
  const rest = lengthOf(lower);
  // The upper half decides unless it is equal: greater means true for gt and ge, and any difference means false.
  const upper =
    comparison === 'eq'
      ? jump('eq', high(value), 0, rest + ifFalse)
      : [...jump('gt', high(value), rest + 1 + ifTrue, 0), ...jump('eq', high(value), 0, rest + ifFalse)];
  return [...load(argumentOffset(index, 'high')), ...upper, ...lower];
}
