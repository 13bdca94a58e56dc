/**
 * Work that must be done when a run of a domain ends, however it ends and whenever that is: features that keep something
 * beside QEMU (a lease, a bound connection, an incoming migration) register it here and need not know the ways to die.
 */
import type { Clock } from '../base/clock.ts';
import { VireoError, asVireoError } from '../base/errors.ts';
import { abortable, toDisposable } from '../base/lifetime.ts';
import type { Log } from '../base/log.ts';
import type { StateReason } from './domain-state.ts';

/** Is told why the run ended; the process is gone, the domain is not shut off yet. */
export type EndCallback = (reason: StateReason<'shut off'>) => void | Promise<void>;

/** The end of a run must come, whatever one of its callbacks waits for. */
const callbackDeadlineMs = 5_000;

interface End {
  readonly reason: StateReason<'shut off'>;
  readonly clock: Clock;
  readonly log: Log;
}

export class EndCallbacks {
  readonly #waiting = new Map<string, EndCallback>();
  /** A name that had its turn has none again: its work is done for this run. */
  readonly #called = new Set<string>();
  #end: End | null = null;
  #running: Promise<void> = Promise.resolve();

  /**
   * Registers `callback` under a name of the feature's own; a second one of the same name takes the place of the first.
   * After the end it runs at once. Disposing withdraws it if it has not begun.
   */
  set(name: string, callback: EndCallback): Disposable {
    if (this.#called.has(name)) return toDisposable(() => {});
    this.#waiting.set(name, callback);
    if (this.#end) this.#runAll(this.#end);
    return toDisposable(() => {
      if (this.#waiting.get(name) === callback) this.#waiting.delete(name);
    });
  }

  /**
   * Runs every callback, each exactly once, one after the other in the order of their names' registration; also those
   * that come meanwhile. One that throws or hangs is logged and hides no other. Never rejects.
   */
  async run(end: End): Promise<void> {
    this.#end ??= end;
    this.#runAll(this.#end);
    let seen: Promise<void>;
    do {
      seen = this.#running;
      await seen;
    } while (seen !== this.#running);
  }

  #runAll(end: End): void {
    this.#running = this.#running.then(async () => {
      for (let next = this.#take(); next; next = this.#take()) await callOne(next[0], next[1], end);
    });
  }

  #take(): [string, EndCallback] | null {
    for (const [name, callback] of this.#waiting) {
      this.#waiting.delete(name);
      this.#called.add(name);
      return [name, callback];
    }
    return null;
  }
}

async function callOne(name: string, callback: EndCallback, { reason, clock, log }: End): Promise<void> {
  const settled = new AbortController();
  const late = new AbortController();
  void clock.sleep(callbackDeadlineMs, settled.signal).then(() => late.abort(new VireoError('OPERATION_TIMEOUT', `it did not end within ${callbackDeadlineMs / 1000} s`)));
  try {
    await abortable((async () => callback(reason))(), late.signal);
  } catch (error) {
    log.write('error', 'work at the end of a run failed', { name, error: asVireoError(error).message });
  } finally {
    settled.abort();
  }
}
