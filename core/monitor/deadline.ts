/** A deadline by the injected clock as a signal, so that waits for several things need only one. */
import type { Clock } from '../base/clock.ts';

export interface Deadline extends Disposable {
  /** Aborts with `late()` after the time, or with the parent's reason as soon as the parent does. */
  readonly signal: AbortSignal;
}

export function startDeadline(clock: Clock, afterMs: number, parent: AbortSignal, late: () => Error): Deadline {
  const control = new AbortController();
  const timer = new AbortController();
  const follow = (): void => control.abort(parent.reason);
  if (parent.aborted) follow();
  else parent.addEventListener('abort', follow, { once: true });
  void clock.sleep(afterMs, timer.signal).then(() => {
    if (!timer.signal.aborted) control.abort(late());
  });
  return {
    signal: control.signal,
    [Symbol.dispose]() {
      timer.abort();
      parent.removeEventListener('abort', follow);
    },
  };
}
