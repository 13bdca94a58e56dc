/**
 * Acknowledged flow control for one direction of one stream: the sender waits while too much is unacknowledged, and
 * what waits goes on in the order in which it asked.
 */
import { streamWindow } from './channel.ts';

interface Waiter {
  readonly count: number;
  go(): void;
}

export interface WindowLimits {
  /** Unacknowledged bytes: above the first a sender waits, below the second it goes on. */
  readonly pauseAbove: number;
  readonly resumeBelow: number;
}

export class SendWindow {
  readonly #limits: WindowLimits;
  #unacknowledged = 0;
  readonly #waiting: Waiter[] = [];

  constructor(limits: WindowLimits = streamWindow) {
    this.#limits = limits;
  }

  /** How many wait for room. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Counts what was sent without waiting for room. */
  count(count: number): void {
    this.#unacknowledged += count;
  }

  acknowledged(count: number): void {
    this.#unacknowledged = Math.max(0, this.#unacknowledged - count);
    if (this.#unacknowledged > this.#limits.resumeBelow) return;
    while (this.#unacknowledged <= this.#limits.pauseAbove) {
      const next = this.#waiting.shift();
      if (!next) return;
      this.#unacknowledged += next.count;
      next.go();
    }
  }

  /**
   * Resolves once there is room, with `count` bytes counted as sent; at once while little is under way. Rejects with
   * the signal's reason. It is no async function, so that whoever asked first also goes on first.
   */
  reserve(count: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.reject(signal.reason as Error);
    // Room that opened while others wait is theirs.
    if (this.#waiting.length === 0 && this.#unacknowledged <= this.#limits.pauseAbove) {
      this.#unacknowledged += count;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        reject(signal.reason as Error);
      };
      const waiter: Waiter = {
        count,
        go: () => {
          signal.removeEventListener('abort', stop);
          resolve();
        },
      };
      signal.addEventListener('abort', stop, { once: true });
      this.#waiting.push(waiter);
    });
  }
}
