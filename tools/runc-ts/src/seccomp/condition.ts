/**
 * Conditions on a system call's arguments: `SCMP_CMP_*` on 64-bit unsigned values, as libseccomp defines them
 * (seccomp_rule_add(3)), made of the 32-bit comparisons that BPF has.
 */
import type { LinuxSeccompArg, LinuxSeccompOperator } from '@docker-ts/oci/runtime-spec';
import { argumentOffset, type BpfWriter, type Comparison, type Label } from './bpf.ts';

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

/** Operators as one comparison, or as its opposite (`true`). */
const comparisons: Readonly<Record<LinuxSeccompOperator, readonly [Comparison, boolean]>> = {
  SCMP_CMP_EQ: ['eq', false],
  SCMP_CMP_MASKED_EQ: ['eq', false],
  SCMP_CMP_NE: ['eq', true],
  SCMP_CMP_GT: ['gt', false],
  SCMP_CMP_GE: ['ge', false],
  SCMP_CMP_LT: ['ge', true],
  SCMP_CMP_LE: ['gt', true],
};

/** Goes on at `pass` if the condition holds, else at `fail`. */
export function writeCondition(
  writer: BpfWriter,
  { index, op, value, mask }: Condition,
  bits: 32 | 64,
  pass: Label,
  fail: Label,
): Label {
  const [comparison, opposite] = comparisons[op];
  const [yes, no] = opposite ? [fail, pass] : [pass, fail];
  const loadHalf = (half: 'low' | 'high', halfMask: number, next: Label): Label =>
    writer.load(argumentOffset(index, half), halfMask === 0xffffffff ? next : writer.and(halfMask, next));
  let label = yes;
  if (low(mask) !== 0) label = loadHalf('low', low(mask), writer.jump(comparison, low(value), yes, no));
  if (bits === 32 || high(mask) === 0) return label;
  // The upper half decides unless it is equal.
  label = writer.jump('eq', high(value), label, no);
  if (comparison !== 'eq') label = writer.jump('gt', high(value), yes, label);
  return loadHalf('high', high(mask), label);
}
