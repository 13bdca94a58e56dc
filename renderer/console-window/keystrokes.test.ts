import { describe, expect, it } from 'vitest';
import { VirtualClock, settled } from '../../test/support/virtual-clock.ts';
import { type KeystrokeEnd, keystrokesLastMs, typeKeystrokes } from './keystrokes.ts';

function typing(text: string, charactersPerS: number, linePauseMs = 0) {
  const clock = new VirtualClock();
  const started = clock.now();
  const typed: [string, number][] = [];
  const ending = new AbortController();
  const state = { writes: true, progress: [0, 0] as [number, number], end: null as KeystrokeEnd | null };
  const send = (character: string): boolean => {
    if (state.writes) typed.push([character, Math.round(clock.now() - started)]);
    return state.writes;
  };
  void typeKeystrokes({ text, charactersPerS, linePauseMs, send, signal: ending.signal, clock, onProgress: (...progress) => (state.progress = progress) }).then((end) => (state.end = end));
  const run = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 1) {
      await settled();
      clock.advance(1);
    }
    await settled();
  };
  return { typed, state, ending, run, clock };
}

describe('typing keystrokes', () => {
  it('keeps the rate, and the pause after each line', async () => {
    const { typed, state, run } = typing('ab\r\nc\nd', 50, 100);
    await run(400);
    expect(typed).toEqual([['a', 0], ['b', 20], ['\r', 40], ['c', 160], ['\r', 180], ['d', 300]]);
    expect([state.end, state.progress]).toEqual(['typed', [6, 6]]);
  });

  it('types a character of two halves as one key', async () => {
    const { typed, run } = typing('🐦é', 1_000);
    await run(10);
    expect(typed.map(([character]) => character)).toEqual(['🐦', 'é']);
  });

  it('keeps a rate above what timers can', async () => {
    const { typed, run } = typing('x'.repeat(100), 1_000);
    await run(60);
    expect(typed.length).toBeGreaterThan(50);
    expect(typed.length).toBeLessThan(75);
    await run(60);
    expect(typed).toHaveLength(100);
  });

  it('stops between two keys when it is cancelled, and leaves no timer', async () => {
    const { typed, state, ending, run, clock } = typing('abcdef', 10);
    await run(250);
    ending.abort();
    await run(500);
    expect([typed.length, state.end, clock.sleeping]).toEqual([3, 'cancelled', 0]);
  });

  it('ends where the window stops being the writer', async () => {
    const { typed, state, run } = typing('abcdef', 10);
    await run(150);
    state.writes = false;
    await run(200);
    expect([typed.length, state.end]).toEqual([2, 'dropped']);
  });

  it('does not catch up in a burst after the machine slept', async () => {
    const { typed, clock, run } = typing('x'.repeat(50), 10);
    await run(100);
    clock.advance(60_000);
    await run(100);
    expect(typed.length).toBeLessThan(6);
  });

  it('says how long it lasts', () => {
    expect(keystrokesLastMs('abcd\n', 50, 100)).toBe(200);
  });
});
