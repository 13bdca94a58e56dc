/** Tells what happens again and again ten times a second and no more often, the last one always. */
import type { Clock } from '../base/clock.ts';

const windowMs = 100;
/** What is told apart, such as a domain's disks; a domain with more of them is told of unthrottled. */
const maximumKeys = 256;

export class EventThrottle {
  readonly #clock: Clock;
  readonly #stop: AbortSignal;
  /** What to tell at the end of each open window; null where nothing came since. */
  readonly #open = new Map<string, (() => void) | null>();

  constructor(clock: Clock, stop: AbortSignal) {
    this.#clock = clock;
    this.#stop = stop;
  }

  /** Does `tell` now, or at the end of the window in which `key` was told; a later one of the same key replaces it. */
  run(key: string, tell: () => void): void {
    if (this.#open.has(key)) return void this.#open.set(key, tell);
    tell();
    if (this.#open.size >= maximumKeys) return;
    this.#open.set(key, null);
    void this.#close(key);
  }

  async #close(key: string): Promise<void> {
    for (;;) {
      await this.#clock.sleep(windowMs, this.#stop);
      const last = this.#open.get(key) ?? null;
      if (last === null || this.#stop.aborted) break;
      this.#open.set(key, null);
      last();
    }
    this.#open.delete(key);
  }
}
