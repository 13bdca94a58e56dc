/** Monotonic time, injected so that tests own it; deadlines never follow the wall clock. */
export interface Clock {
  /** Milliseconds since an arbitrary fixed moment; never goes back. */
  now(): number;
  /** Wall-clock time in milliseconds since the epoch, for what people and files see. */
  wallTime(): number;
  /** Resolves after `ms`, or at once when `signal` aborts; never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  sleep(ms, signal) {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal?.addEventListener('abort', done, { once: true });
    });
  },
};
