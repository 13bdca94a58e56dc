/** The wall clock for components that show passing time: one shared timer, running only while somebody looks. */
import { useSyncExternalStore } from 'react';

const tickMs = 1_000;
const listeners = new Set<() => void>();
let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    now = Date.now();
    for (const each of listeners) each();
  }, tickMs);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

function read(): number {
  if (!timer) now = Math.max(now, Date.now() - (Date.now() % tickMs));
  return now;
}

/** Wall-clock milliseconds, renewed every second. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, read);
}
