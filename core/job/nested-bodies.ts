/**
 * Finds the one mistake that no handle can: a nested body that waits for another nested job of its own asynchronous
 * job, which nobody else will ever let in. A body and its sibling look the same to the engine but for where they were
 * called from, so this looks there. It finds a mistake and grants nothing: who holds what travels in `Call`.
 */
import { AsyncLocalStorage } from 'node:async_hooks';

interface Body {
  readonly owner: object;
  readonly outer: Body | undefined;
  ended: boolean;
}

const storage = new AsyncLocalStorage<Body>();
let running = 0;

/** Runs `work` as a nested body of `owner`. */
export async function insideBodyOf<T>(owner: object, work: () => Promise<T>): Promise<T> {
  const body: Body = { owner, outer: storage.getStore(), ended: false };
  running += 1;
  try {
    return await storage.run(body, work);
  } finally {
    body.ended = true;
    running -= 1;
    // On Node 20 a storage in use doubles the cost of every await in the process, so it is in use only meanwhile.
    if (running === 0) storage.disable();
  }
}

/** Whether the running code was called from a nested body of `owner` that has not ended. */
export function isInsideBodyOf(owner: object): boolean {
  for (let body = storage.getStore(); body; body = body.outer) {
    if (body.owner === owner && !body.ended) return true;
  }
  return false;
}
