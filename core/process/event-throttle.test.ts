import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { VirtualClock } from '../../test/support/virtual-clock.ts';
import { EventThrottle } from './event-throttle.ts';

/** Who is woken has done its work when this resolves. */
async function advance(clock: VirtualClock, ms: number): Promise<void> {
  clock.advance(ms);
  await setImmediate();
}

test('the first is told at once, the last at the end of the window, and those between not', async () => {
  const clock = new VirtualClock();
  const told: string[] = [];
  const throttle = new EventThrottle(clock, new AbortController().signal);
  for (const word of ['a1', 'a2', 'a3']) throttle.run('a', () => told.push(word));
  throttle.run('b', () => told.push('b1'));
  expect(told).toEqual(['a1', 'b1']);
  await advance(clock, 100);
  expect(told).toEqual(['a1', 'b1', 'a3']);
  throttle.run('a', () => told.push('a4'));
  for (let window = 0; window < 3; window++) await advance(clock, 100);
  throttle.run('a', () => told.push('a5'));
  expect(told).toEqual(['a1', 'b1', 'a3', 'a4', 'a5']);
});

test('after the end of the run nothing more is told', async () => {
  const clock = new VirtualClock();
  const told: string[] = [];
  const stop = new AbortController();
  const throttle = new EventThrottle(clock, stop.signal);
  for (const word of ['one', 'two']) throttle.run('', () => told.push(word));
  stop.abort();
  await advance(clock, 1_000);
  expect(told).toEqual(['one']);
});
