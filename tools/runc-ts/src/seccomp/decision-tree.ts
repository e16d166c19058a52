/**
 * From the verdicts of one architecture to instructions: neighbouring numbers with the same verdict become ranges, and a binary
 * search over their bounds finds the range. Docker's default profile has some forty ranges, so that a system call is decided by six
 * comparisons. The kernel itself evaluates unconditional verdicts ahead of time (its action cache), which keeps the common ones free.
 */
import type { BpfWriter, Label } from './bpf.ts';
import { writeCondition } from './condition.ts';
import type { RuleSet, Verdict } from './rule-set.ts';

/** Writes what returns the verdict on the number in the accumulator. Numbers without a rule get `otherwise`. */
export function writeDecisionTree(writer: BpfWriter, rules: RuleSet, otherwise: number): Label {
  const { starts, verdicts } = rangesOf(rules, otherwise);
  const write = (from: number, to: number): Label => {
    const middle = (from + to) >> 1;
    if (middle === from) return writeVerdict(writer, verdicts[from] ?? otherwise, rules, otherwise);
    const above = write(middle, to);
    const below = write(from, middle);
    return writer.jump('ge', starts[middle] ?? 0, above, below);
  };
  return write(0, starts.length);
}

/** The first number of each range, ascending from 0, and the range's verdict. */
function rangesOf(rules: RuleSet, otherwise: number): { starts: number[]; verdicts: Verdict[] } {
  const { near, far } = rules;
  const { numberBase } = rules.architecture;
  const starts = [0];
  const verdicts: Verdict[] = [otherwise];
  let current: Verdict = otherwise;
  const begin = (number: number, verdict: Verdict): void => {
    if (verdict === current) return;
    current = verdict;
    if (number === 0) verdicts[0] = verdict;
    else {
      starts.push(number);
      verdicts.push(verdict);
    }
  };
  // One verdict more than there are: the default again.
  for (let number = 0; number <= near.length; number++) {
    const verdict = near[number] ?? otherwise;
    if (verdict !== current) begin(numberBase + number, verdict);
  }
  for (const [number, verdict] of far) {
    begin(numberBase + number, verdict);
    if (!far.some(([next]) => next === number + 1)) begin(numberBase + number + 1, otherwise);
  }
  return { starts, verdicts };
}

function writeVerdict(writer: BpfWriter, verdict: Verdict, { architecture }: RuleSet, otherwise: number): Label {
  if (typeof verdict === 'number') return writer.ret(verdict);
  let next = writer.ret(otherwise);
  for (const { conditions, value } of verdict.toReversed()) {
    let label = writer.ret(value);
    for (const condition of conditions.toReversed())
      label = writeCondition(writer, condition, architecture.argumentBits, label, next);
    next = label;
  }
  return next;
}
