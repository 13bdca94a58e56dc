/** What stands in the terminal where bytes are kept nowhere any more: how much, and when where that is known. */
import { formatBytes, formatClock } from '../words/format.ts';

export function gapInWords(bytes: number, fromMs: number | null, toMs: number | null): string {
  const missed = `${formatBytes(bytes)} missed`;
  if (fromMs !== null && toMs !== null) return `${missed} between ${formatClock(fromMs)} and ${formatClock(toMs)}`;
  if (fromMs !== null) return `${missed} after ${formatClock(fromMs)}`;
  return toMs === null ? missed : `${missed} before ${formatClock(toMs)}`;
}
