/**
 * Notes when a console's bytes came, for as long as a driver follows it: the log's size, a moment after bytes came and at
 * most once a second, because QEMU writes the log after the connection. It never holds anything up, and what cannot be
 * written, because the disk is full, is noted later for a longer time.
 */
import type { Clock } from '../../base/clock.ts';
import { asVireoError } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { ConsoleLog } from '../console-log.ts';
import { TimesFile, type TimesHeader, type TimesRecord } from './times-file.ts';

export interface TimesKeeperOptions {
  readonly file: string;
  readonly header: TimesHeader;
  readonly consoleLog: ConsoleLog;
  readonly clock: Clock;
  readonly log: Log;
  /** How the following begins: with a run's first byte, or in the middle of one; the log ended at `at` then. */
  readonly begins: 'run' | 'attached';
  readonly at: number;
}

const markMs = 1_000;

export class TimesKeeper implements AsyncDisposable {
  readonly #options: TimesKeeperOptions;
  readonly #life = new AbortController();
  #times: TimesFile | null = null;
  /** When the first bytes came that are not noted yet. */
  #sinceMs: number | null = null;
  #noting = false;
  /** Where the newest reset is noted. */
  #resetAt = -1;
  #told = false;
  #work: Promise<void>;

  constructor(options: TimesKeeperOptions) {
    this.#options = options;
    const { begins, at, clock, consoleLog } = options;
    const atMs = clock.wallTime();
    this.#work = this.#do(async () => {
      this.#times = await TimesFile.open(options.file, options.header, { keptFrom: () => consoleLog.keptFrom(0) });
      // A log that is shorter than it was known to be was begun anew.
      if ((await consoleLog.size()) < this.#times.lastTo) await this.#times.forget();
      await this.#times.append({ what: begins, to: at, atMs });
    });
  }

  /** Bytes came. Called very often. */
  came(): void {
    if (this.#sinceMs === null) this.#sinceMs = this.#options.clock.wallTime();
    if (this.#noting || this.#life.signal.aborted) return;
    this.#noting = true;
    void this.#options.clock.sleep(markMs, this.#life.signal).then(() => {
      this.#noting = false;
      if (!this.#life.signal.aborted) this.#queue(() => this.#note());
    });
  }

  /** The guest rebooted now. */
  reset(): void {
    const atMs = this.#options.clock.wallTime();
    this.#queue(async () => {
      const to = await this.#options.consoleLog.size();
      if (to === this.#resetAt) return; // QEMU tells of one reboot several times
      this.#resetAt = to;
      await this.#write({ what: 'reset', to, atMs });
    });
  }

  /** Resolves when what was noted so far is in the file. */
  async flush(): Promise<void> {
    this.#queue(() => this.#note());
    await this.#work;
  }

  /** The last bytes and the end of the following are noted. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#life.signal.aborted) return await this.#work;
    this.#life.abort();
    const atMs = this.#options.clock.wallTime();
    this.#queue(async () => {
      await this.#note();
      await this.#write({ what: 'detached', to: await this.#options.consoleLog.size(), atMs });
    });
    await this.#work;
  }

  async #note(): Promise<void> {
    const sinceMs = this.#sinceMs;
    const times = this.#times;
    if (sinceMs === null || !times) return;
    this.#sinceMs = null; // what comes from here on is noted the next time, whether or not the size has it already
    const to = await this.#options.consoleLog.size();
    const toMs = this.#options.clock.wallTime();
    if (to === times.lastTo) {
      // A log that is behind for this long will not have it any more.
      if (toMs - sinceMs < markMs) this.#sinceMs = sinceMs;
      return;
    }
    try {
      if (to < times.lastTo) await times.forget();
      await times.append({ what: 'seen', to, fromMs: Math.min(sinceMs, toMs), toMs });
    } catch (error) {
      this.#sinceMs = sinceMs;
      throw error;
    }
  }

  async #write(record: TimesRecord): Promise<void> {
    await this.#times?.append(record);
  }

  #queue(work: () => Promise<void>): void {
    this.#work = this.#work.then(() => this.#do(work));
  }

  /** Runs `work`, whose failure is told once: a disk that is full stays so for a while. */
  async #do(work: () => Promise<void>): Promise<void> {
    try {
      await work();
      this.#told = false;
    } catch (error) {
      if (this.#told) return;
      this.#told = true;
      this.#options.log.write('warning', 'the times of a console cannot be noted', { path: this.#options.file, error: asVireoError(error).message });
    }
  }
}
