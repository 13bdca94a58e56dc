/**
 * The lines that begin between two offsets, whole also where they end beyond: a history that is looked through in pieces
 * gives each of its lines once, in which order ever the pieces come.
 */
import { type ConsoleLine, linesOf, maximumLineBytes, overlapBytes } from './console-lines.ts';
import type { ConsoleEncoding } from './encodings.ts';
import { type HistoryRun, type HistorySource, readRuns } from './history-source.ts';

const newline = 0x0a;

/** @param from a line that began before it belongs to the piece before. */
export async function linesBetween(source: HistorySource, from: number, to: number, encoding: ConsoleEncoding, signal: AbortSignal): Promise<readonly ConsoleLine[]> {
  const before = from > source.start ? 1 : 0; // the byte that tells whether a line begins here
  const runs = await readRuns(source, from - before, to + 2 * maximumLineBytes, signal);
  const lines: ConsoleLine[] = [];
  for (const run of runs) {
    const begin = before === 1 && run.from === from - 1 ? beginOfLine(run.bytes) : 0;
    const end = endOfLine(run, to);
    if (run.from + begin >= to || end <= begin) continue;
    for (const line of linesOf(run.bytes.subarray(begin, end), run.from + begin, encoding)) lines.push(line);
  }
  return lines;
}

/** Where the first line begins in bytes whose first is the one before. In a line that has no end, right there. */
function beginOfLine(bytes: Buffer): number {
  if (bytes[0] === newline) return 1;
  const found = bytes.subarray(1, 1 + maximumLineBytes).indexOf(newline);
  if (found >= 0) return found + 2;
  return bytes.length < 1 + maximumLineBytes ? bytes.length : 1; // the last line, short of its end, is the piece's before
}

/** Where in the run the last line ends that begins before `to`; what has no end goes on in the next piece, with some overlap. */
function endOfLine({ from, bytes }: HistoryRun, to: number): number {
  const last = to - from - 1; // the last byte before `to`
  if (last >= bytes.length) return bytes.length;
  if (last < 0 || bytes[last] === newline) return Math.max(0, last + 1);
  const found = bytes.subarray(last + 1, last + 1 + maximumLineBytes).indexOf(newline);
  if (found >= 0) return last + 1 + found;
  return bytes.length < last + 1 + maximumLineBytes ? bytes.length : last + 1 + overlapBytes;
}
