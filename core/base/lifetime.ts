/** Who creates disposes: small pieces that make it hard to forget. */
import type { Clock } from './clock.ts';

/** Collects what must be undone and undoes all of it, last first, whatever one of them throws. */
export class DisposableStack implements AsyncDisposable {
  readonly #undo: (() => void | Promise<void>)[] = [];
  #disposed = false;

  get disposed(): boolean {
    return this.#disposed;
  }

  /** Registers `undo` and hands it back; on a disposed stack it runs at once. */
  defer(undo: () => void | Promise<void>): void {
    if (this.#disposed) void Promise.resolve().then(undo).catch(() => {});
    else this.#undo.push(undo);
  }

  use<T extends Disposable | AsyncDisposable>(value: T): T {
    this.defer(() => (Symbol.asyncDispose in value ? Promise.resolve(value[Symbol.asyncDispose]()) : value[Symbol.dispose]()));
    return value;
  }

  /** Forgets what was registered: its owner is somebody else from now on. */
  release(): void {
    this.#undo.length = 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    for (let undo = this.#undo.pop(); undo; undo = this.#undo.pop()) {
      try {
        await undo();
      } catch {
        // A dispose never throws: the rest must still run.
      }
    }
  }
}

/** A disposable that runs `undo` once. */
export function toDisposable(undo: () => void): Disposable {
  let done = false;
  return {
    [Symbol.dispose]() {
      if (done) return;
      done = true;
      undo();
    },
  };
}

/** Whether `work` has settled, well or not, within `ms`. Never rejects: whoever wants the error has `work` itself. */
export async function settlesWithin(work: Promise<unknown>, clock: Clock, ms: number): Promise<boolean> {
  const done = new AbortController();
  const settled = work.then(() => true, () => true);
  try {
    return await Promise.race([settled, clock.sleep(ms, done.signal).then(() => false)]);
  } finally {
    done.abort();
  }
}

/** Resolves like `work`, or rejects with the signal's reason as soon as it aborts; leaves no listener behind. */
export async function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  work.catch(() => {}); // whoever was called off before it began hears of nothing else
  signal.throwIfAborted();
  let stop!: () => void;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
