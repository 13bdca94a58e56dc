/**
 * Work on many things, a few at a time, where some may hang. Few keep the event loop free for others between two answers;
 * those that hang must not use up the few, so when nothing gets done for a moment more are begun.
 */
import type { Clock } from '../base/clock.ts';

/** Enough to keep the QEMUs of a busy machine at work, few enough for others to get a turn within some milliseconds. */
const lanes = 8;
const idleMs = 25;

/** Resolves when `work` has settled for each item; after a rejection nothing more is begun, and it is passed on. */
export async function inLanes<T>(clock: Clock, items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  const done = new AbortController();
  const failures: unknown[] = [];
  let settled = 0;
  const lane = async (): Promise<void> => {
    for (const item of queue) {
      if (failures.length > 0) return;
      await work(item).catch((error: unknown) => void failures.push(error));
      settled += 1;
    }
  };
  const running: Promise<void>[] = [];
  const openMore = (): void => void running.push(...Array.from({ length: Math.min(lanes, items.length - running.length) }, lane));
  const watch = async (): Promise<void> => {
    for (let before = 0; running.length < items.length; before = settled) {
      await clock.sleep(idleMs, done.signal);
      if (done.signal.aborted) return;
      if (settled === before) openMore();
    }
  };
  openMore();
  const watching = watch();
  for (let next = 0; next < running.length; next += 1) await running[next];
  done.abort(null);
  await watching;
  if (failures.length > 0) throw failures[0];
}
