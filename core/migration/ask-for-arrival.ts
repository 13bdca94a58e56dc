/** What became of a guest whose destination was told to run it, and whose answer was lost: asked anew, as long as that may help. */
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Arrival, OpenTarget } from './migration-target.ts';

/** A host that was killed is started again by whoever asks it, and finds its guests within seconds. */
const silenceMs = 120_000;
/** While a post-copy goes on there, the guest is on its way for as long as its memory takes. */
const longestMs = 24 * 3_600_000;
const attemptMs = 30_000;
const pauseMs = 500;

interface Asker {
  readonly clock: Clock;
  readonly log: Log;
  readonly openTarget: OpenTarget;
  readonly closing: AbortSignal;
}

export interface ArrivalQuestion {
  readonly uri: string;
  readonly uuid: string;
  readonly sinceMs: number;
  readonly offline: boolean;
}

/** @returns null where nobody answers. Never rejects. */
export async function askForArrival(asker: Asker, question: ArrivalQuestion): Promise<Exclude<Arrival, 'coming'> | null> {
  const { clock, closing } = asker;
  const lastMs = clock.now() + longestMs;
  let endMs = clock.now() + silenceMs;
  do {
    const over = new AbortController();
    void clock.sleep(attemptMs, over.signal).then(() => over.abort());
    try {
      const arrival = await ask(asker, question, AbortSignal.any([over.signal, closing]));
      if (arrival !== 'coming') return arrival;
      endMs = Math.min(lastMs, clock.now() + silenceMs);
    } catch (error) {
      asker.log.write('info', 'a destination does not say what became of a guest', { uri: question.uri, error: String(error) });
    } finally {
      over.abort();
    }
    await clock.sleep(pauseMs, closing);
  } while (!closing.aborted && clock.now() < endMs);
  return null;
}

async function ask(asker: Asker, { uri, ...question }: ArrivalQuestion, signal: AbortSignal): Promise<Arrival> {
  await using target = await asker.openTarget(uri, signal);
  return await target.arrival(question, signal); // not before the answer is the connection closed
}
