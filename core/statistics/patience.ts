/**
 * How long a call about many domains waits for the last of them. A QEMU that hangs must not keep from a window what the
 * ninety-nine others have said: once nearly all are there, the rest have twice as long as the slowest of those took,
 * counted from when they were asked, so one that hangs has mostly used it up by then. While answers keep coming in nobody
 * is given up, and a machine that is merely slow loses nothing.
 */
import { setMaxListeners } from 'node:events';
import { VireoError } from '../base/errors.ts';
import type { Clock } from '../base/clock.ts';

/** Without any answer for so long, who has not answered is given up. */
export const answerMs = 1_000;
/** What the last have at least. */
const leastMs = 100;

export class Patience implements Disposable {
  readonly #clock: Clock;
  readonly #call: AbortSignal;
  readonly #onCancel = (): void => this.#current.abort(this.#call.reason);
  readonly #all: number;
  readonly #askedMs = new Map<object, number>();
  #settled = 0;
  #slowestMs = 0;
  #current = manyWaiting();
  #timer = new AbortController();

  /** @param domains how many will be asked. @param call gives up all of it. */
  constructor(clock: Clock, domains: number, call: AbortSignal) {
    this.#clock = clock;
    this.#all = domains;
    this.#call = call;
    if (call.aborted) this.#onCancel();
    else call.addEventListener('abort', this.#onCancel, { once: true });
    this.#waitFor(answerMs);
  }

  /** @returns what aborts when those who are waited for now are given up; whoever is asked later has a new one. */
  asked(domain: object): AbortSignal {
    this.#askedMs.set(domain, this.#clock.now());
    return this.#current.signal;
  }

  /** The domain is done, with an answer of its QEMU or without. */
  settled(domain: object): void {
    const nowMs = this.#clock.now();
    this.#slowestMs = Math.max(this.#slowestMs, nowMs - (this.#askedMs.get(domain) ?? nowMs));
    this.#askedMs.delete(domain);
    this.#settled += 1;
    const left = this.#all - this.#settled;
    if (left === 0) return this.#timer.abort(null);
    const areLast = left === this.#askedMs.size && left <= Math.max(1, Math.floor(this.#all / 10));
    if (!areLast) return this.#waitFor(answerMs);
    const untilMs = Math.max(...this.#askedMs.values()) + Math.max(leastMs, 2 * this.#slowestMs);
    this.#waitFor(Math.min(answerMs, Math.max(0, untilMs - nowMs)));
  }

  [Symbol.dispose](): void {
    this.#timer.abort(null);
    this.#call.removeEventListener('abort', this.#onCancel);
  }

  #waitFor(ms: number): void {
    this.#timer.abort(null); // without a reason it would make an error with a stack each time
    const timer = new AbortController();
    this.#timer = timer;
    void this.#clock.sleep(ms, timer.signal).then(() => {
      if (timer.signal.aborted) return;
      const given = this.#current;
      this.#current = manyWaiting();
      this.#waitFor(answerMs);
      given.abort(new VireoError('OPERATION_TIMEOUT', 'QEMU did not answer in time'));
    });
  }
}

/** Every command that is under way listens to it, which Node would take for a leak. */
function manyWaiting(): AbortController {
  const control = new AbortController();
  setMaxListeners(0, control.signal);
  return control;
}
