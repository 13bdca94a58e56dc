/**
 * What happened to one domain, in order, bounded and on disk. Recording never waits and never fails: entries gather for
 * a moment and are written together. What could not be kept, because the disk is full or too much happened at once, is
 * told by an entry as soon as there is room for one: a timeline may be incomplete, but it never hides that.
 */
import type { Clock } from '../base/clock.ts';
import { asVireoError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { type NewEntry, type TimelineEntry, type TimelineKind, fromLine, headOf, toLine } from './timeline-entry.ts';
import type { TimelineFile } from './timeline-file.ts';

export interface TimelineOptions {
  readonly file: TimelineFile;
  readonly clock: Clock;
  readonly log: Log;
  /** Entries were written; the number of the newest. */
  readonly onWritten: (newest: number) => void;
}

export interface TimelineQuery {
  /** Only entries older than this one. */
  readonly before?: number | null;
  readonly limit: number;
  /** Empty for all. */
  readonly kinds?: readonly TimelineKind[];
  /** Entries with these letters somewhere in their line, whatever their case. */
  readonly text?: string | null;
  /** Nothing from before this moment. */
  readonly sinceMs?: number | null;
  /** How many lines are looked through at most before the page is what it is. */
  readonly maximumLines?: number;
}

export interface TimelinePage {
  /** Newest first. */
  readonly entries: readonly TimelineEntry[];
  /** Where to go on from: the `before` of the next page, which may hold nothing; null when nothing is left. */
  readonly next: number | null;
}

const gatherMs = 100;
const maximumQueued = 1_000;

/** More than two files of the usual size hold, so that a page without a `next` is the last. */
const defaultMaximumLines = 200_000;

interface Lost {
  count: number;
  readonly fromMs: number;
  toMs: number;
  readonly why: string;
  /** They came after what waits to be written, not before it. */
  readonly isAfterQueue: boolean;
}

export class Timeline {
  readonly #options: TimelineOptions;
  #queue: NewEntry[] = [];
  #lastSeq: number | null = null;
  #lost: Lost | null = null;
  #isGathering = false;
  #work: Promise<void> = Promise.resolve();

  constructor(options: TimelineOptions) {
    this.#options = options;
  }

  /** The file that grows. */
  get path(): string {
    return this.#options.file.path;
  }

  /** Keeps an entry; it is on disk a moment later. */
  record(entry: NewEntry): void {
    if (this.#queue.length >= maximumQueued) return this.#lose([entry], 'too much happened at once', true);
    this.#queue.push(entry);
    if (this.#isGathering) return;
    this.#isGathering = true;
    void this.#options.clock.sleep(gatherMs).then(() => this.flush());
  }

  /** Resolves when everything recorded so far is written, or lost. Never rejects. */
  flush(): Promise<void> {
    return this.#inTurn(() => this.#write());
  }

  /** @throws SYSTEM_ERROR where the files cannot be read. */
  read(query: TimelineQuery): Promise<TimelinePage> {
    return this.#inTurn(async () => {
      await this.#write();
      return this.#readPage(query);
    });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#work.then(work);
    this.#work = result.then(() => {}, () => {});
    return result;
  }

  async #write(): Promise<void> {
    this.#isGathering = false;
    const entries = this.#queue;
    if (entries.length === 0) return;
    this.#queue = [];
    const { file, log, onWritten } = this.#options;
    try {
      this.#lastSeq ??= await this.#newestOnDisk();
      const all = withLost(entries, this.#lost);
      const first = this.#lastSeq + 1;
      await file.append(all.map((entry, index) => toLine(first + index, entry)));
      this.#lost = null;
      this.#lastSeq += all.length;
      onWritten(this.#lastSeq);
    } catch (thrown) {
      const why = asVireoError(thrown).message;
      if (!this.#lost) log.write('error', 'the timeline of a domain cannot be written', { file: file.path, error: why });
      this.#lastSeq = null; // some of the lines may be there
      this.#lose(entries, why, false);
    }
  }

  #lose(entries: readonly NewEntry[], why: string, isAfterQueue: boolean): void {
    const [first] = entries;
    const last = entries.at(-1);
    if (!first || !last) return;
    this.#lost ??= { count: 0, fromMs: first.atMs, toMs: last.atMs, why, isAfterQueue };
    this.#lost.count += entries.length;
    this.#lost.toMs = last.atMs;
  }

  async #newestOnDisk(): Promise<number> {
    for await (const line of this.#options.file.linesBackwards()) {
      const entry = fromLine(line); // a torn line is none
      if (entry) return entry.seq;
    }
    return 0;
  }

  async #readPage({ before = null, limit, kinds = [], text = null, sinceMs = null, maximumLines = defaultMaximumLines }: TimelineQuery): Promise<TimelinePage> {
    const entries: TimelineEntry[] = [];
    const letters = text?.toLowerCase() ?? '';
    let read = 0;
    let oldest = before;
    for await (const line of this.#options.file.linesBackwards()) {
      const head = headOf(line);
      if (!head || (before !== null && head.seq >= before)) continue;
      if (sinceMs !== null && head.atMs < sinceMs) break;
      read += 1;
      if (read > maximumLines) return { entries, next: head.seq + 1 };
      if ((kinds.length > 0 && !kinds.includes(head.kind as TimelineKind)) || (letters !== '' && !line.toLowerCase().includes(letters))) continue;
      const entry = fromLine(line);
      if (!entry) continue;
      if (entries.length >= limit) return { entries, next: oldest };
      entries.push(entry);
      oldest = entry.seq;
    }
    return { entries, next: null };
  }
}

function withLost(entries: readonly NewEntry[], lost: Lost | null): readonly NewEntry[] {
  if (!lost) return entries;
  const { count, fromMs, toMs, why, isAfterQueue } = lost;
  const about: NewEntry = { atMs: toMs, kind: 'driver', what: 'entries-lost', details: { count, fromMs, toMs, why } };
  return isAfterQueue ? [...entries, about] : [about, ...entries];
}
