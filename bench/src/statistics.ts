/** Medians and ratios of paired measurements. */

/** The middle value; the mean of the middle two where there is no single one. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('cannot take the median of nothing');
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** The median of `ours[i] / theirs[i]`: pairs are measured one after the other, so drift of the machine cancels out. */
export function pairedRatio(ours: readonly number[], theirs: readonly number[]): number {
  return median(ours.map((value, i) => value / (theirs[i] ?? Number.NaN)));
}
