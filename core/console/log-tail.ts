/**
 * Follows a log as the only source of a console's bytes: every byte of it, in order, and exactly as QEMU wrote them.
 *
 * The system tells when the file grows (fs.watch); where it does not, or forgets, a look now and then finds it out. Looks
 * never overlap and keep a distance, so that a flood costs a few dozen reads a second and an idle log next to nothing.
 */
import { type FSWatcher, watch } from 'node:fs';
import type { Clock } from '../base/clock.ts';
import type { ConsoleLog } from './console-log.ts';
import type { ConsoleStream } from './console-stream.ts';

/** Between the end of a look and the next one. */
const distanceMs = 10;
/** Without a watch: from each change on, doubled until the longest. */
const shortestPauseMs = 20;
const longestPauseMs = 1_000;
/** With one: only in case it was wrong. */
const watchedPauseMs = 2_000;

export interface LogTailOptions {
  readonly log: ConsoleLog;
  readonly stream: ConsoleStream;
  readonly clock: Clock;
  /** Tests look without the system's help. */
  readonly watches?: boolean;
}

export class LogTail implements AsyncDisposable {
  readonly #options: LogTailOptions;
  readonly #life = new AbortController();
  #watcher: FSWatcher | null = null;
  /** Aborted by whoever knows that the log has grown. */
  #hinted = new AbortController();
  #size = 0;
  #running: Promise<void> | null = null;

  constructor(options: LogTailOptions) {
    this.#options = options;
  }

  /** Takes what the log has, then follows it until disposed. */
  async start(): Promise<void> {
    if (this.#options.watches ?? true) this.#watch();
    await this.#look();
    this.#running = this.#follow();
  }

  /** There is probably more. */
  hint(): void {
    this.#hinted.abort();
  }

  /** Looks once more, for the last bytes of a QEMU that has ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#life.signal.aborted) return;
    this.#life.abort();
    this.#watcher?.close();
    await this.#running;
    await this.#look();
  }

  async #follow(): Promise<void> {
    const { clock } = this.#options;
    let pauseMs = shortestPauseMs;
    while (!this.#life.signal.aborted) {
      await clock.sleep(this.#watcher ? watchedPauseMs : pauseMs, AbortSignal.any([this.#hinted.signal, this.#life.signal]));
      this.#hinted = new AbortController();
      const has = this.#size;
      await this.#look();
      pauseMs = this.#size === has ? Math.min(pauseMs * 2, longestPauseMs) : shortestPauseMs;
      await clock.sleep(distanceMs, this.#life.signal);
    }
  }

  async #look(): Promise<void> {
    const { log, stream } = this.#options;
    const size = await log.size();
    if (size === this.#size) return;
    this.#size = size;
    await stream.absorb(size);
  }

  #watch(): void {
    try {
      const watcher = watch(this.#options.log.path, { persistent: false }, () => this.hint());
      // A watch that fails, or that the system has no room for, leaves the looking.
      watcher.on('error', () => {
        watcher.close();
        if (this.#watcher === watcher) this.#watcher = null;
        this.hint();
      });
      this.#watcher = watcher;
    } catch {
      this.#watcher = null;
    }
  }
}
