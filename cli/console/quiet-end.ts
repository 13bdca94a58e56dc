/** Ends a console without a terminal once its input has ended and the guest has printed nothing for so long. */
import type { Clock } from '../../core/base/clock.ts';

export class QuietEnd implements Disposable {
  readonly #clock: Clock;
  readonly #quietMs: number;
  readonly #onQuiet: () => void;
  readonly #over = new AbortController();
  #lastMs = 0;
  #ended = false;

  constructor(clock: Clock, quietMs: number, onQuiet: () => void) {
    this.#clock = clock;
    this.#quietMs = quietMs;
    this.#onQuiet = onQuiet;
  }

  /** The guest printed something. */
  printed(): void {
    this.#lastMs = this.#clock.now();
  }

  /** Everything of the input was sent. */
  inputEnded(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.printed();
    void this.#watch();
  }

  [Symbol.dispose](): void {
    this.#over.abort();
  }

  async #watch(): Promise<void> {
    for (let leftMs = this.#quietMs; leftMs > 0; leftMs = this.#lastMs + this.#quietMs - this.#clock.now()) await this.#clock.sleep(leftMs, this.#over.signal);
    if (!this.#over.signal.aborted) this.#onQuiet();
  }
}
