/** A line that was found in a console's log, its match marked, and when it was written. */
import type { ReactElement } from 'react';
import type { ConsoleHit } from '../../core/api/console-history-contract.ts';
import { formatWhen } from '../words/format.ts';

/** What stands before the match; a far match must not lie outside of a narrow list. */
const shownBefore = 24;

export function HitLine({ hit: { line, column, length } }: { readonly hit: ConsoleHit }): ReactElement {
  const from = column > 2 * shownBefore ? column - shownBefore : 0;
  return (
    <span className="hit-line mono ellipsis" dir="auto">
      {from > 0 && '…'}
      {line.slice(from, column)}
      <mark>{line.slice(column, column + length)}</mark>
      {line.slice(column + length)}
    </span>
  );
}

/** An exact time where it is known to a few seconds, else the edge that is known. */
export function timeOfHit({ fromMs, toMs }: Pick<ConsoleHit, 'fromMs' | 'toMs'>, nowMs: number): string {
  if (fromMs === null && toMs === null) return 'time not known';
  if (fromMs === null) return `before ${formatWhen(toMs ?? 0, nowMs)}`;
  if (toMs === null) return `after ${formatWhen(fromMs, nowMs)}`;
  return toMs - fromMs > knownToMs ? `after ${formatWhen(fromMs, nowMs)}` : formatWhen(fromMs, nowMs);
}

const knownToMs = 5_000;
