/**
 * From the verdicts of one architecture to instructions: neighbouring numbers with the same verdict become ranges, and a binary
 * search over their bounds finds the range. Docker's default profile has some forty ranges, so that a system call is decided by six
 * comparisons. The kernel itself evaluates unconditional verdicts ahead of time (its action cache), which keeps the common ones free.
 */
import { type Block, choose, lengthOf, ret } from './bpf.ts';
import { conditionBlock } from './condition.ts';
import type { ConditionalRule, RuleSet, Verdict } from './rule-set.ts';

interface Range {
  /** The first number; the range ends where the next begins. */
  readonly start: number;
  readonly verdict: Verdict;
}

/** Instructions that return the verdict on the number in the accumulator. Numbers without a rule get `otherwise`. */
export function decisionTree(rules: RuleSet, otherwise: number): Block {
  return search(rangesOf(rules, otherwise), rules, otherwise);
}

function rangesOf(rules: RuleSet, otherwise: number): Range[] {
  const { numberBase } = rules.architecture;
  const ranges: Range[] = [{ start: 0, verdict: otherwise }];
  const begin = (start: number, verdict: Verdict): void => {
    const last = ranges.at(-1);
    if (last?.start === start) ranges.pop();
    if (ranges.at(-1)?.verdict !== verdict) ranges.push({ start, verdict });
  };
  for (const [number, verdict] of rules.sorted()) {
    begin(numberBase + number, verdict);
    begin(numberBase + number + 1, otherwise);
  }
  return ranges;
}

function search(ranges: readonly Range[], rules: RuleSet, otherwise: number): Block {
  const middle = ranges.length >> 1;
  const pivot = ranges[middle] as Range;
  if (middle === 0) return verdictBlock(pivot.verdict, rules, otherwise);
  const below = search(ranges.slice(0, middle), rules, otherwise);
  const from = search(ranges.slice(middle), rules, otherwise);
  return choose('ge', pivot.start, from, below);
}

function verdictBlock(verdict: Verdict, rules: RuleSet, otherwise: number): Block {
  if (typeof verdict === 'number') return ret(verdict);
  return [...verdict.flatMap((rule) => ruleBlock(rule, rules)), ...ret(otherwise)];
}

/** Returns the rule's value if all its conditions hold; else falls out of its end. */
function ruleBlock({ conditions, value }: ConditionalRule, { architecture }: RuleSet): Block {
  let block = ret(value);
  for (const condition of conditions.toReversed())
    block = [...conditionBlock(condition, architecture.argumentBits, lengthOf(block)), ...block];
  return block;
}
