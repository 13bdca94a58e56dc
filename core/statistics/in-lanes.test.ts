import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { VirtualClock } from '../../test/support/virtual-clock.ts';
import { inLanes } from './in-lanes.ts';

test('eight are worked on at a time, and those that hang do not keep the others', async () => {
  const clock = new VirtualClock();
  const begun: number[] = [];
  const release: (() => void)[] = [];
  const all = inLanes(clock, Array.from({ length: 16 }, (_, index) => index), (index) => {
    begun.push(index);
    return index < 8 ? new Promise((resolve) => release.push(resolve)) : Promise.resolve();
  });
  await setImmediate();
  expect(begun).toHaveLength(8);
  clock.advance(25);
  await setImmediate();
  expect(begun).toHaveLength(16);
  for (const each of release) each();
  await all;
});

test('after a failure nothing more is begun, and what is under way is waited for', async () => {
  const clock = new VirtualClock();
  const ended: number[] = [];
  const work = async (index: number): Promise<void> => {
    await setImmediate();
    ended.push(index);
    if (index === 3) throw new Error('the call was cancelled');
  };
  await expect(inLanes(clock, Array.from({ length: 100 }, (_, index) => index), work)).rejects.toThrow('the call was cancelled');
  expect(ended.length).toBeGreaterThanOrEqual(8);
  expect(ended.length).toBeLessThan(20);
});

test('nothing to do is done at once', async () => {
  await inLanes(new VirtualClock(), [], () => Promise.reject(new Error('never')));
});
