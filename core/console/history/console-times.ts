/**
 * When the bytes of a console were written, from what was noted at the time. What nobody saw come lies between the last
 * moment before it and the first after it, and is told just so.
 */
import type { ConsoleMark, ConsoleSpan } from './console-span.ts';
import type { TimesRecord } from './times-file.ts';

export interface TimesOptions {
  /** The end of what is kept, and when it was reached at the latest. */
  readonly end: number;
  readonly endMs: number;
  /** Where in the stream an offset of the log is; the same number unless told. */
  readonly toStream?: (logOffset: number) => number;
}

/** Wherever nothing is known; numbers in rows have no null. */
const unknown = Number.NaN;

/** Kept as rows of numbers: a console has thousands of spans, and a search looks at a thousand consoles at once. */
export class ConsoleTimes {
  readonly marks: readonly ConsoleMark[];
  readonly #ends: Float64Array;
  readonly #fromMs: Float64Array;
  readonly #toMs: Float64Array;

  constructor(records: readonly TimesRecord[], { end, endMs, toStream = (offset) => offset }: TimesOptions) {
    const marks: ConsoleMark[] = [];
    this.#ends = new Float64Array(records.length + 1);
    this.#fromMs = new Float64Array(records.length + 1);
    this.#toMs = new Float64Array(records.length + 1);
    let count = 0;
    let at = 0;
    let lastMs = unknown;
    const add = (to: number, fromMs: number, toMs: number): void => {
      if (to <= at) return;
      this.#ends[count] = to;
      this.#fromMs[count] = fromMs;
      this.#toMs[count] = toMs;
      count++;
      at = to;
    };
    for (const record of records) {
      const to = Math.min(toStream(record.to), end);
      const isSeen = record.what === 'seen';
      const toMs = isSeen ? record.toMs : record.atMs;
      // Before the first record that saw them come, bytes may be as old as the machine.
      add(to, isSeen ? record.fromMs : lastMs, toMs);
      lastMs = toMs;
      if (!isSeen) marks.push({ offset: to, atMs: record.atMs, what: record.what });
    }
    add(end, lastMs, Number.isNaN(lastMs) ? endMs : Math.max(endMs, lastMs));
    this.#ends = this.#ends.subarray(0, count);
    this.marks = marks;
  }

  /** How many spans there are. */
  get length(): number {
    return this.#ends.length;
  }

  /** The spans, in order and without holes from 0 to the end. */
  span(index: number): ConsoleSpan {
    return { from: index === 0 ? 0 : this.#ends[index - 1]!, to: this.#ends[index]!, fromMs: known(this.#fromMs[index]), toMs: known(this.#toMs[index]) };
  }

  /** When the byte at `offset` was written. */
  at(offset: number): Pick<ConsoleSpan, 'fromMs' | 'toMs'> {
    const index = this.indexOf(offset);
    return index < this.length ? { fromMs: known(this.#fromMs[index]), toMs: known(this.#toMs[index]) } : { fromMs: known(this.#toMs[index - 1]), toMs: null };
  }

  /** The spans between two offsets, cut to them; at most so many. */
  between(from: number, to: number, maximum: number): readonly ConsoleSpan[] {
    const spans: ConsoleSpan[] = [];
    for (let index = this.indexOf(from); index < this.length && spans.length < maximum; index++) {
      const span = this.span(index);
      if (span.from >= to) break;
      spans.push({ ...span, from: Math.max(span.from, from), to: Math.min(span.to, to) });
    }
    return spans;
  }

  /** Of the span that has `offset`, or the number of spans. */
  indexOf(offset: number): number {
    let low = 0;
    let high = this.#ends.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#ends[middle]! <= offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function known(ms: number | undefined): number | null {
  return ms === undefined || Number.isNaN(ms) ? null : ms;
}

/** Marks that stand from `from` on and before `to`; at it too where nothing follows. */
export function marksBetween(marks: readonly ConsoleMark[], from: number, to: number, isLast: boolean): readonly ConsoleMark[] {
  return marks.filter(({ offset }) => offset >= from && (offset < to || (isLast && offset === to)));
}
