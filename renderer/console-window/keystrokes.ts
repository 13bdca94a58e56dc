/**
 * Text typed into a guest as a person would type it: key by key at a rate, with a pause after each line. Firmware and a
 * getty that is just opening its line lose what comes faster, and know nothing of flow control.
 */
import { type Clock, systemClock } from '../../core/base/clock.ts';

export const keystrokeRates = { slowestPerS: 1, usualPerS: 50, fastestPerS: 2_000 } as const;
export const linePauses = { noneMs: 0, usualMs: 100, longestMs: 10_000 } as const;

export interface KeystrokeOptions {
  readonly text: string;
  readonly charactersPerS: number;
  /** How long to wait after a Return, in milliseconds. */
  readonly linePauseMs: number;
  /** Hands one character to the guest; false where this window does not write (any more), which ends it. */
  readonly send: (character: string) => boolean;
  readonly onProgress: (typed: number, of: number) => void;
  readonly signal: AbortSignal;
  readonly clock?: Clock;
}

/** Shorter sleeps than this are not kept by any timer; several characters go together instead. */
const shortestSleepMs = 4;

/** How it ended; `dropped` where the window stopped being the writer in the middle. */
export type KeystrokeEnd = 'typed' | 'cancelled' | 'dropped';

/** Never rejects. */
export async function typeKeystrokes(options: KeystrokeOptions): Promise<KeystrokeEnd> {
  const { signal, clock = systemClock } = options;
  // By code point: half a surrogate pair is no key.
  const characters = Array.from(options.text.replaceAll(/\r\n|\n/gu, '\r'));
  const everyMs = 1_000 / Math.min(keystrokeRates.fastestPerS, Math.max(keystrokeRates.slowestPerS, options.charactersPerS));
  let dueMs = clock.now();
  options.onProgress(0, characters.length);
  for (const [index, character] of characters.entries()) {
    const aheadMs = dueMs - clock.now();
    if (aheadMs >= shortestSleepMs) await clock.sleep(aheadMs, signal);
    if (signal.aborted) return 'cancelled';
    if (!options.send(character)) return 'dropped';
    options.onProgress(index + 1, characters.length);
    // A machine that was asleep does not catch up in one burst, which is what this is there to prevent.
    dueMs = Math.max(dueMs, clock.now() - shortestSleepMs) + everyMs + (character === '\r' ? options.linePauseMs : 0);
  }
  return 'typed';
}

/** How long it will take, in milliseconds. */
export function keystrokesLastMs(text: string, charactersPerS: number, linePauseMs: number): number {
  const lines = (text.match(/\r\n|\r|\n/gu) ?? []).length;
  return (Array.from(text).length / charactersPerS) * 1_000 + lines * linePauseMs;
}
