/** Time that a test owns: it stands still until the test moves it, so that 30 s cost nothing and races repeat. */
import type { Clock } from '../../core/base/clock.ts';

interface Sleeper {
  readonly atMs: number;
  readonly wake: () => void;
}

export class VirtualClock implements Clock {
  /** An arbitrary moment, far from zero so that a lost subtraction shows. */
  #nowMs = 1_000_000;
  readonly #sleepers = new Set<Sleeper>();

  now(): number {
    return this.#nowMs;
  }

  /** Runs with the monotonic time; the offset is arbitrary too. */
  wallTime(): number {
    return 1_700_000_000_000 + this.#nowMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const sleeper: Sleeper = {
        atMs: this.#nowMs + ms,
        wake: () => {
          this.#sleepers.delete(sleeper);
          signal?.removeEventListener('abort', sleeper.wake);
          resolve();
        },
      };
      this.#sleepers.add(sleeper);
      signal?.addEventListener('abort', sleeper.wake, { once: true });
    });
  }

  /** Moves time on and wakes who is due, earliest first; what they do next is a microtask away. */
  advance(ms: number): void {
    this.#nowMs += ms;
    const due = [...this.#sleepers].filter((sleeper) => sleeper.atMs <= this.#nowMs).sort((a, b) => a.atMs - b.atMs);
    for (const sleeper of due) sleeper.wake();
  }

  /** How long until the first who sleeps is due; null while nobody does. */
  get idleMs(): number | null {
    const first = Math.min(...[...this.#sleepers].map(({ atMs }) => atMs));
    return Number.isFinite(first) ? Math.max(0, first - this.#nowMs) : null;
  }

  /** How many sleep; after a test that leaks nothing, none. */
  get sleeping(): number {
    return this.#sleepers.size;
  }
}

/** Lets every promise that can go on without time or I/O do so: all microtasks have run when this resolves. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
