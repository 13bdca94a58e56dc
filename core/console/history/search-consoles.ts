/**
 * One search over any number of consoles, the newest line first. Each is looked through backwards, always the one whose
 * next piece may hold the newest line, so that a page is complete before older history is read at all. A page ends when
 * it is full or enough was looked through; its cursor is a place in the order of all lines, so nothing has to be kept for
 * the next one.
 */
import { z } from 'zod';
import { VireoError } from '../../base/errors.ts';
import type { ConsoleTimes } from './console-times.ts';
import type { HistorySource } from './history-source.ts';
import { type ConsoleHit, type SearchOptions, hitsBetween, searchPieceBytes } from './search-console.ts';

export interface OpenedHistory extends AsyncDisposable {
  readonly source: HistorySource;
  readonly times: ConsoleTimes;
}

export interface SearchedConsole {
  /** Tells it from all others, and is the same for the next page. */
  readonly key: string;
  /** Nothing in it is newer, by the wall clock. */
  readonly newestMs: number;
  open(): Promise<OpenedHistory>;
}

export interface SearchPage<C extends SearchedConsole> {
  readonly hits: readonly (ConsoleHit & { readonly of: C })[];
  readonly next: string | null;
  readonly searchedBytes: number;
  readonly searchedBackToMs: number | null;
  readonly problems: readonly { readonly of: C; readonly error: unknown }[];
}

export interface ConsolesSearch extends SearchOptions {
  readonly before: string | null;
  readonly maximumHits: number;
  readonly maximumBytes: number;
  readonly nowMs: number;
}

/** A place between lines: those before it, in the order of `isBefore`, are done. */
interface Place {
  readonly ms: number;
  readonly key: string;
  /** Lines that begin here or later are done. */
  readonly offset: number;
}

const cursorSchema = z.tuple([z.number(), z.string().max(400), z.number(), z.number()]);

/** @throws INVALID_ARG for a cursor that is none, and what the matcher throws. */
export async function searchConsoles<C extends SearchedConsole>(consoles: readonly C[], search: ConsolesSearch): Promise<SearchPage<C>> {
  const cursor = search.before === null ? null : placeIn(search.before);
  // The first page's moment bounds all of them: what comes later is in none.
  const nowMs = cursor?.nowMs ?? search.nowMs;
  const scans = consoles.map((each) => new Scan(each, nowMs, cursor));
  const hits: (ConsoleHit & { readonly of: C })[] = [];
  const problems: { of: C; error: unknown }[] = [];
  let searchedBytes = 0;
  let place: Place | null = null;
  try {
    for (;;) {
      const scan: Scan<C> | null = newestOf(scans);
      place = scan?.place ?? null;
      if (!scan || hits.length === search.maximumHits) break;
      const hit = scan.take();
      if (!hit && searchedBytes >= search.maximumBytes) break;
      if (hit) hits.push({ ...hit, of: scan.console });
      else {
        try {
          searchedBytes += await scan.advance(search);
          if (scan.place === null) await scan.end();
        } catch (error) {
          if (search.signal.aborted || (error instanceof VireoError && error.code === 'INVALID_ARG')) throw error;
          problems.push({ of: scan.console, error });
          await scan.end();
        }
      }
    }
  } finally {
    for (const scan of scans) await scan.end();
  }
  const next = place && Buffer.from(JSON.stringify([place.ms, place.key, place.offset, nowMs])).toString('base64url');
  return { hits, next, searchedBytes, searchedBackToMs: place?.ms ?? null, problems };
}

function placeIn(cursor: string): Place & { readonly nowMs: number } {
  try {
    const [ms, key, offset, nowMs] = cursorSchema.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')));
    return { ms, key, offset, nowMs };
  } catch {
    throw new VireoError('INVALID_ARG', 'the place to go on with the search is none');
  }
}

function newestOf<C extends SearchedConsole>(scans: readonly Scan<C>[]): Scan<C> | null {
  let newest: Scan<C> | null = null;
  for (const scan of scans) if (scan.place && (!newest?.place || isBefore(scan.place, newest.place))) newest = scan;
  return newest;
}

/** Whether lines just before `one` come earlier in the order than those just before `other`. */
function isBefore(one: Place, other: Place): boolean {
  if (one.ms !== other.ms) return one.ms > other.ms;
  return one.key === other.key ? one.offset > other.offset : one.key > other.key;
}

/** How far one console was looked through. */
class Scan<C extends SearchedConsole> {
  readonly console: C;
  readonly #nowMs: number;
  readonly #cursor: Place | null;
  #history: OpenedHistory | null = null;
  #order: Order | null = null;
  /** Found and not taken, the oldest first. */
  #found: ConsoleHit[] = [];
  /** Lines that begin before it are still to be looked through. */
  #frontier = 0;
  /** Little at first: with many consoles the newest lines of each are enough for a page. */
  #pieceBytes = searchPieceBytes / 16;
  #ended = false;

  constructor(console: C, nowMs: number, cursor: Place | null) {
    this.console = console;
    this.#nowMs = nowMs;
    this.#cursor = cursor;
  }

  /** Where its next line may be at the earliest, in the order of all lines; null when there is none. */
  get place(): Place | null {
    if (this.#ended) return null;
    const { key, newestMs } = this.console;
    const history = this.#history;
    const order = this.#order;
    if (!history || !order) return { ms: Math.min(newestMs, this.#nowMs, this.#cursor?.ms ?? this.#nowMs), key, offset: Number.MAX_SAFE_INTEGER };
    const hit = this.#found.at(-1);
    if (hit) return { ms: order.msAt(hit.offset), key, offset: hit.offset + 1 };
    return this.#frontier <= history.source.start ? null : { ms: order.msAt(this.#frontier - 1), key, offset: this.#frontier };
  }

  /** The newest of what was found. */
  take(): ConsoleHit | null {
    return this.#found.pop() ?? null;
  }

  /** Looks through one piece more. @returns how many bytes that were. */
  async advance(search: ConsolesSearch): Promise<number> {
    const history = this.#history;
    if (!history) {
      const opened = await this.console.open();
      this.#history = opened;
      this.#order = new Order(opened.times, this.#nowMs);
      this.#frontier = Math.min(opened.source.end, this.#cursor ? this.#order.endBefore(this.#cursor, this.console.key) : opened.source.end);
      return 0;
    }
    const to = this.#frontier;
    const from = Math.max(history.source.start, to - this.#pieceBytes);
    this.#pieceBytes = Math.min(searchPieceBytes, 2 * this.#pieceBytes);
    this.#found = await hitsBetween(history.source, history.times, from, to, search);
    this.#frontier = from;
    return to - from;
  }

  async end(): Promise<void> {
    this.#ended = true;
    const history = this.#history;
    this.#history = null;
    await history?.[Symbol.asyncDispose]();
  }
}

/** Times that only rise with the offset, whatever the wall clock did, and never beyond the search's own moment. */
class Order {
  readonly #times: ConsoleTimes;
  readonly #ms: Float64Array;

  constructor(times: ConsoleTimes, nowMs: number) {
    this.#times = times;
    this.#ms = new Float64Array(times.length);
    let highest = 0;
    for (let index = 0; index < times.length; index++) this.#ms[index] = highest = Math.min(nowMs, Math.max(highest, times.span(index).toMs ?? nowMs));
  }

  msAt(offset: number): number {
    return this.#ms[Math.min(this.#times.indexOf(offset), this.#ms.length - 1)] ?? 0;
  }

  /** The end of what comes after `cursor` in the order of all lines, in the console `key`. */
  endBefore(cursor: Place, key: string): number {
    const first = this.#ms.findIndex(key > cursor.key ? (ms) => ms >= cursor.ms : (ms) => ms > cursor.ms);
    const count = first < 0 ? this.#ms.length : first;
    const end = count === 0 ? 0 : this.#times.span(count - 1).to;
    return key === cursor.key ? Math.min(end, cursor.offset) : end;
  }
}
