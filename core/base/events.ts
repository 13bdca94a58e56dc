/** Typed events inside the driver. Events tell, they never command. */
export type Listener<T> = (event: T) => void;

export class Emitter<T> {
  readonly #listeners = new Set<Listener<T>>();
  readonly #onError: (error: unknown) => void;

  /** A listener that throws hurts neither the others nor the one that fires; `onError` hears of it. */
  constructor(onError: (error: unknown) => void = (error) => queueMicrotask(() => { throw error; })) {
    this.#onError = onError;
  }

  on(listener: Listener<T>): Disposable {
    const own: Listener<T> = (event) => listener(event);
    this.#listeners.add(own);
    return { [Symbol.dispose]: () => void this.#listeners.delete(own) };
  }

  fire(event: T): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(event);
      } catch (error) {
        this.#onError(error);
      }
    }
  }

  get size(): number {
    return this.#listeners.size;
  }

  /** The first event that `accept` takes; rejects with the signal's reason. Subscribe before you trigger. */
  once(accept: (event: T) => boolean, signal: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const stop = (): void => {
        subscription[Symbol.dispose]();
        signal.removeEventListener('abort', onAbort);
      };
      const onAbort = (): void => {
        stop();
        reject(signal.reason);
      };
      const subscription = this.on((event) => {
        if (!accept(event)) return;
        stop();
        resolve(event);
      });
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }
}
