/**
 * What a filter says about each system call of one architecture: one return value, or a list of conditional ones that are tried in
 * order. How rules on the same call combine is libseccomp's: a rule without conditions wins over those with; of two without, the
 * first stays; the conditions of one rule must all hold; several rules are alternatives.
 */
import { invalidArgument } from '@docker-ts/base/errors';
import type { LinuxSeccompArg } from '@docker-ts/oci/runtime-spec';
import { type Condition, conditionOf, sameCondition } from './condition.ts';
import { type MultiplexedCall, multiplexedCalls } from './socketcall.ts';
import type { Architecture } from './syscall-table.ts';

export interface ConditionalRule {
  /** All must hold; in the order of the arguments. */
  readonly conditions: readonly Condition[];
  readonly value: number;
}

/** A return value, or rules of which the first that matches counts. */
export type Verdict = number | readonly ConditionalRule[];

/** What a table of numbers is missing has no verdict: the filter's default applies. */
export type Verdicts = readonly (Verdict | undefined)[];

/** Beyond the last x32 call, 547. Private system calls of arm have numbers from 0xf0000 on: too far away for an array. */
const arrayLimit = 640;
let noVerdicts: readonly undefined[] | undefined;

/** Made once, and only in a program that compiles a filter: a tenth of a millisecond. */
function emptyVerdicts(): (number | ConditionalRule[] | undefined)[] {
  noVerdicts ??= Array.from<undefined>({ length: arrayLimit });
  return noVerdicts.slice();
}

export class RuleSet {
  readonly architecture: Architecture;
  readonly #near: (number | ConditionalRule[] | undefined)[] = emptyVerdicts();
  readonly #far = new Map<number, number | ConditionalRule[]>();
  #last = 0;

  constructor(architecture: Architecture) {
    this.architecture = architecture;
  }

  /** The largest number that the profile names, whatever it says about it: what lies beyond is younger than the profile. */
  get last(): number {
    return this.#last;
  }

  /** Verdicts by number, without the architecture's base. */
  get near(): Verdicts {
    return this.#near;
  }

  /** Verdicts on numbers beyond that array, ascending. */
  get far(): readonly [number: number, verdict: Verdict][] {
    return [...this.#far].sort(([a], [b]) => a - b);
  }

  /**
   * Adds one rule for each name; no conditions: it always matches; no value: names are only taken note of. Returns the names that
   * this architecture does not have. The inner loop runs a thousand times for a usual profile, at every start of a container.
   */
  add(names: readonly string[], args: readonly LinuxSeccompArg[], value: number | undefined): string[] {
    const { numbers } = this.architecture;
    const multiplexed = multiplexedCalls(this.architecture);
    const unconditional = args.length === 0 ? value : undefined;
    const near = this.#near;
    const missing: string[] = [];
    let last = this.#last;
    for (const name of names) {
      const number = numbers.get(name);
      const other = multiplexed === undefined ? undefined : multiplexed.get(name);
      if (other !== undefined && value !== undefined) this.#addMultiplexed(name, other, args, value);
      if (number === undefined) {
        if (other === undefined) missing.push(name);
        continue;
      }
      if (other === undefined && number > last) last = number;
      if (unconditional !== undefined && number < arrayLimit) {
        if (typeof near[number] !== 'number') near[number] = unconditional;
      } else if (value !== undefined) this.#set(name, number, args, value);
    }
    this.#last = last;
    return missing;
  }

  /** The operation takes the place of a condition on the first argument; the call's own arguments are behind a pointer. */
  #addMultiplexed(name: string, call: MultiplexedCall, args: readonly LinuxSeccompArg[], value: number): void {
    const operation: LinuxSeccompArg = { index: 0, op: 'SCMP_CMP_EQ', value: call.operation };
    this.#set(name, call.number, [operation, ...args.filter(({ index }) => index !== 0)], value);
  }

  #set(name: string, number: number, args: readonly LinuxSeccompArg[], value: number): void {
    const present = number < arrayLimit ? this.#near[number] : this.#far.get(number);
    if (typeof present === 'number') return;
    const conditions = conditionsOf(args, this.architecture.argumentBits);
    if (present !== undefined && conditions.length > 0) {
      insert(present, { conditions, value }, name);
      return;
    }
    const verdict = conditions.length === 0 ? value : [{ conditions, value }];
    if (number < arrayLimit) this.#near[number] = verdict;
    else this.#far.set(number, verdict);
  }
}

function conditionsOf(args: readonly LinuxSeccompArg[], bits: 32 | 64): Condition[] {
  const conditions: Condition[] = [];
  for (const arg of args) {
    const condition = conditionOf(arg, bits);
    if (condition !== undefined) conditions.push(condition);
  }
  return conditions.sort((a, b) => a.index - b.index);
}

function insert(rules: ConditionalRule[], rule: ConditionalRule, name: string): void {
  for (const present of rules) {
    const same =
      present.conditions.length === rule.conditions.length &&
      present.conditions.every((condition, index) => sameCondition(condition, rule.conditions[index] as Condition));
    if (!same) continue;
    if (present.value === rule.value) return;
    throw invalidArgument(`cannot compile seccomp filter: rules for "${name}" contradict each other`);
  }
  const position = rules.findIndex((present) => precedes(rule, present));
  if (position < 0) rules.push(rule);
  else rules.splice(position, 0, rule);
}

const operatorRank: Readonly<Record<Condition['op'], number>> = {
  SCMP_CMP_MASKED_EQ: 3,
  SCMP_CMP_EQ: 3,
  SCMP_CMP_NE: 3,
  SCMP_CMP_LE: 2,
  SCMP_CMP_LT: 2,
  SCMP_CMP_GE: 1,
  SCMP_CMP_GT: 1,
};

/**
 * The order of rules on one call, which shows only where rules of different actions overlap: higher arguments first, then equality
 * before ranges, then large values first (small ones for LT and LE), a rule before the ones that add conditions to it. libseccomp
 * sorts so too, but promises nothing, and merges overlapping ranges of different actions in ways of its own.
 */
function precedes(a: ConditionalRule, b: ConditionalRule): boolean {
  for (const [index, first] of a.conditions.entries()) {
    const second = b.conditions[index];
    if (second === undefined) return false;
    if (first.index !== second.index) return first.index > second.index;
    const rank = operatorRank[first.op] - operatorRank[second.op];
    if (rank !== 0) return rank > 0;
    if (first.value === second.value) continue;
    return first.op === 'SCMP_CMP_LT' || first.op === 'SCMP_CMP_LE'
      ? first.value < second.value
      : first.value > second.value;
  }
  return a.conditions.length < b.conditions.length;
}
