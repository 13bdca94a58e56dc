/**
 * Reads along on one console for its triggers: from where it is now, never from its history, and at its own pace. It looks
 * at whole lines, and at one that has no end once the guest is silent, because prompts have none. A guest that writes
 * faster than can be looked at is not held up: what it wrote first is skipped.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../../base/clock.ts';
import type { ConsoleStream } from '../console-stream.ts';
import { type ConsoleLine, linesOf, maximumLineBytes } from './console-lines.ts';
import type { LineMatch } from './pattern-matcher.ts';

/** One trigger, ready to look at lines. */
export interface ArmedTrigger {
  readonly id: string;
  /** Never rejects: a trigger that cannot look any more is not among the armed ones the next time. */
  readonly match: (texts: readonly string[]) => Promise<readonly LineMatch[]>;
}

export interface TriggerReaderOptions {
  readonly stream: ConsoleStream;
  readonly clock: Clock;
  /** Those that are for this console, as of now; null as long as that is not known. */
  readonly armed: () => readonly ArmedTrigger[] | null;
  readonly onMatch: (id: string, line: ConsoleLine) => void;
}

const silenceMs = 300;
const maximumBehindBytes = 4 << 20;
const newline = 0x0a;

export class TriggerReader implements AsyncDisposable {
  readonly #options: TriggerReaderOptions;
  readonly #life = new AbortController();
  readonly #subscription: Disposable;
  #next: number;
  /** The beginning of a line whose end has not come. */
  #rest: Buffer = Buffer.alloc(0);
  /** Who was told of that line already. */
  #told = new Set<string>();
  #work: Promise<void> | null = null;
  #waiting = false;

  constructor(options: TriggerReaderOptions) {
    this.#options = options;
    this.#next = options.stream.end;
    this.#subscription = options.stream.grown.on(() => this.#grew());
  }

  /** The triggers may be known now. */
  look(): void {
    this.#grew();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#life.signal.aborted) return;
    this.#options.stream.release();
    this.#subscription[Symbol.dispose]();
    for (let work = this.#pending(); work; work = this.#pending()) await work;
    if ((this.#options.armed()?.length ?? 0) > 0) {
      this.#begin(() => this.#read()); // the last words
      for (let work = this.#pending(); work; work = this.#pending()) await work;
      await this.#lookAtRest();
    }
    this.#life.abort();
  }

  #grew(): void {
    if (this.#work || this.#life.signal.aborted) return;
    const armed = this.#options.armed();
    if (armed === null) return;
    if (armed.length > 0) this.#begin(() => this.#read());
    else this.#skipTo(this.#options.stream.released);
  }

  /** One piece of work may begin the next. */
  #pending(): Promise<void> | null {
    return this.#work;
  }

  #begin(work: () => Promise<void>): void {
    const { stream } = this.#options;
    this.#work = work()
      .catch(() => this.#skipTo(stream.released))
      .finally(() => {
        this.#work = null;
        if (this.#next < stream.released) this.#grew();
      });
  }

  async #read(): Promise<void> {
    const { stream } = this.#options;
    while (this.#next < stream.released && !this.#life.signal.aborted) {
      if (stream.released - this.#next > maximumBehindBytes) this.#skipTo(stream.released - maximumBehindBytes / 4);
      const item = await stream.read(this.#next, stream.released);
      if (item.type === 'gap') this.#skipTo(item.to);
      else await this.#take(item.bytes);
      await turn(); // a flood must not keep others from their turn
    }
    if (this.#rest.length > 0) void this.#lookWhenSilent();
  }

  async #take(bytes: Uint8Array): Promise<void> {
    const from = this.#next - this.#rest.length;
    const all = Buffer.concat([this.#rest, bytes]);
    this.#next += bytes.length;
    const end = all.lastIndexOf(newline) + 1;
    const cut = all.length - end > maximumLineBytes ? all.length : end;
    this.#rest = Buffer.from(all.subarray(cut));
    if (cut === 0) return;
    const told = this.#told;
    this.#told = new Set();
    await this.#look(linesOf(all.subarray(0, cut), from, 'utf-8'), told);
  }

  /** @param told triggers that know of the first line. */
  async #look(lines: readonly ConsoleLine[], told: ReadonlySet<string>): Promise<readonly string[]> {
    const texts = lines.map(({ text }) => text);
    const matched: string[] = [];
    for (const { id, match } of this.#options.armed() ?? []) {
      const found = (await match(texts)).filter(({ index }) => index > 0 || !told.has(id));
      for (const { index } of found) this.#options.onMatch(id, lines[index] as ConsoleLine);
      if (found.length > 0) matched.push(id);
    }
    return matched;
  }

  async #lookWhenSilent(): Promise<void> {
    if (this.#waiting) return;
    this.#waiting = true;
    const { clock, stream } = this.#options;
    let at: number;
    do {
      at = stream.end;
      await clock.sleep(silenceMs, this.#life.signal);
    } while (at !== stream.end && !this.#life.signal.aborted);
    this.#waiting = false;
    for (let work = this.#pending(); work; work = this.#pending()) await work;
    if (!this.#life.signal.aborted) this.#begin(() => this.#lookAtRest());
  }

  async #lookAtRest(): Promise<void> {
    if (this.#rest.length === 0) return;
    const lines = linesOf(this.#rest, this.#next - this.#rest.length, 'utf-8');
    const told = this.#told;
    for (const id of await this.#look(lines.filter(({ text }) => text !== ''), told)) told.add(id);
  }

  #skipTo(offset: number): void {
    this.#next = offset;
    this.#rest = Buffer.alloc(0);
    this.#told = new Set();
  }
}
