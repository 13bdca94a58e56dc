/** Medians with their spread, and the comparison of two rows round by round. */

export interface Spread {
  readonly median: number;
  readonly lowest: number;
  readonly highest: number;
}

export function spreadOf(samples: readonly number[]): Spread | null {
  const sorted = [...samples].sort((a, b) => a - b);
  const [lowest, highest] = [sorted[0], sorted.at(-1)];
  if (lowest === undefined || highest === undefined) return null;
  const middle = (sorted.length - 1) / 2;
  const median = ((sorted[Math.floor(middle)] as number) + (sorted[Math.ceil(middle)] as number)) / 2;
  return { median, lowest, highest };
}

/**
 * The median of the rounds' own ratios and differences: a machine that is slow in one round is slow for both. Null
 * where the two rows were not measured in the same rounds.
 */
export function compare(samples: readonly number[], base: readonly number[]): { readonly ratio: Spread; readonly added: Spread } | null {
  if (samples.length !== base.length) return null;
  const pairs = samples.map((value, round) => [value, base[round] as number] as const);
  const ratio = spreadOf(pairs.map(([value, bare]) => value / bare));
  const added = spreadOf(pairs.map(([value, bare]) => value - bare));
  return ratio && added && { ratio, added };
}
