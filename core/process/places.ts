/**
 * So many at a time, but nobody for long: who has a place and is slow gives it to the next one and goes on without. So a
 * hundred pieces of work never come at once, and one that hangs holds up no other.
 */
import type { Clock } from '../base/clock.ts';

export class Places {
  readonly #clock: Clock;
  readonly #keptMs: number;
  readonly #waiting: (() => void)[] = [];
  #free: number;

  /** @param keptMs how long a place is kept. */
  constructor(count: number, keptMs: number, clock: Clock) {
    this.#free = count;
    this.#keptMs = keptMs;
    this.#clock = clock;
  }

  /** Begins `work` when there is a place, in the order of the calls; resolves or rejects as it does. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    const done = new AbortController();
    void this.#clock.sleep(this.#keptMs, done.signal).then(() => this.#leave());
    try {
      return await work();
    } finally {
      done.abort();
    }
  }

  #leave(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#free += 1;
  }
}
