/**
 * Lets the first few of a kind through and counts the rest for a while: a guest that moves its clock a thousand times a
 * minute neither fills the disk nor hides what else happened.
 */
import type { Clock } from '../base/clock.ts';

export interface FloodGateOptions<T> {
  readonly clock: Clock;
  /** How many of one name pass in one window. */
  readonly burst: number;
  readonly windowMs: number;
  readonly pass: (name: string, value: T) => void;
  /** `count` more came until now; the last of them was this. */
  readonly summarize: (name: string, count: number, last: T) => void;
}

interface Window<T> {
  readonly startMs: number;
  passed: number;
  held: number;
  last: T;
  /** Ends the wait for the window's end. */
  readonly closed: AbortController;
}

export class FloodGate<T> {
  readonly #options: FloodGateOptions<T>;
  readonly #windows = new Map<string, Window<T>>();

  constructor(options: FloodGateOptions<T>) {
    this.#options = options;
  }

  offer(name: string, value: T): void {
    const { clock, burst, windowMs, pass } = this.#options;
    const nowMs = clock.now();
    let window = this.#windows.get(name);
    if (!window || (window.held === 0 && nowMs - window.startMs >= windowMs)) {
      window = { startMs: nowMs, passed: 0, held: 0, last: value, closed: new AbortController() };
      this.#windows.set(name, window);
    }
    if (window.passed < burst) {
      window.passed += 1;
      return pass(name, value);
    }
    window.held += 1;
    window.last = value;
    if (window.held > 1) return;
    // A timer runs only while something is held: an idle guest wakes nobody.
    void clock.sleep(Math.max(0, windowMs - (nowMs - window.startMs)), window.closed.signal).then(() => this.#close(name, window));
  }

  /** Tells what is held. */
  flush(): void {
    for (const [name, window] of this.#windows) this.#close(name, window);
  }

  #close(name: string, window: Window<T>): void {
    if (this.#windows.get(name) !== window || window.held === 0) return;
    this.#windows.delete(name);
    window.closed.abort();
    this.#options.summarize(name, window.held, window.last);
  }
}
