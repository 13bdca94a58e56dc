/** Looks through one console's history, piece by piece from one end, for lines with a match. */
import type { ConsoleLine } from './console-lines.ts';
import type { ConsoleTimes } from './console-times.ts';
import type { ConsoleEncoding } from './encodings.ts';
import type { HistorySource } from './history-source.ts';
import { linesBetween } from './lines-between.ts';
import type { PatternMatcher } from './pattern-matcher.ts';

export interface ConsoleHit {
  readonly offset: number;
  readonly fromMs: number | null;
  readonly toMs: number | null;
  readonly line: string;
  readonly column: number;
  readonly length: number;
}

export interface SearchOptions {
  readonly matcher: PatternMatcher;
  readonly encoding: ConsoleEncoding;
  readonly signal: AbortSignal;
}

/** Looked through in one go, after which others have their turn. */
export const searchPieceBytes = 128 * 1024;

/** The hits in lines that begin between two offsets, the oldest first. */
export async function hitsBetween(source: HistorySource, times: ConsoleTimes, from: number, to: number, { matcher, encoding, signal }: SearchOptions): Promise<ConsoleHit[]> {
  const lines = (await linesBetween(source, from, to, encoding, signal)).filter(({ text }) => text !== '');
  const matches = await matcher.match(lines.map(({ text }) => text), signal);
  return matches.map(({ index, column, length }) => {
    const { offset, text } = lines[index] as ConsoleLine;
    return { offset, ...times.at(offset), line: text, column, length };
  });
}

export interface FindRequest extends SearchOptions {
  readonly direction: 'older' | 'newer';
  /** Null for the end that the direction comes from. */
  readonly from: number | null;
  readonly maximumHits: number;
  /** After so much the hits that there are must do. */
  readonly maximumBytes: number;
}

export interface Found {
  readonly hits: readonly ConsoleHit[];
  /** Where to go on; null when the other end is reached. */
  readonly next: number | null;
  readonly searchedBytes: number;
}

export async function findInConsole(source: HistorySource, times: ConsoleTimes, request: FindRequest): Promise<Found> {
  return request.direction === 'older' ? await findOlder(source, times, request) : await findNewer(source, times, request);
}

async function findOlder(source: HistorySource, times: ConsoleTimes, request: FindRequest): Promise<Found> {
  const hits: ConsoleHit[] = [];
  const begin = Math.min(request.from ?? source.end, source.end);
  let to = begin;
  while (to > source.start) {
    if (begin - to >= request.maximumBytes) return { hits, next: to, searchedBytes: begin - to };
    const from = Math.max(source.start, to - searchPieceBytes);
    for (const hit of (await hitsBetween(source, times, from, to, request)).toReversed()) {
      hits.push(hit);
      if (hits.length === request.maximumHits) return { hits, next: hit.offset, searchedBytes: begin - from };
    }
    to = from;
  }
  return { hits, next: null, searchedBytes: begin - to };
}

async function findNewer(source: HistorySource, times: ConsoleTimes, request: FindRequest): Promise<Found> {
  const hits: ConsoleHit[] = [];
  const begin = Math.max(request.from ?? source.start, source.start);
  let from = begin;
  while (from < source.end) {
    if (from - begin >= request.maximumBytes) return { hits, next: from, searchedBytes: from - begin };
    const to = Math.min(source.end, from + searchPieceBytes);
    for (const hit of await hitsBetween(source, times, from, to, request)) {
      hits.push(hit);
      if (hits.length === request.maximumHits) return { hits, next: hit.offset + 1, searchedBytes: to - begin };
    }
    from = to;
  }
  return { hits, next: null, searchedBytes: from - begin };
}
