import { expect, test } from 'vitest';
import { VirtualClock } from '../../test/support/virtual-clock.ts';
import { Places } from './places.ts';

test('no more work is under way than there are places, and it begins in order', async () => {
  const places = new Places(2, 1_000, new VirtualClock());
  const begun: number[] = [];
  let now = 0;
  let most = 0;
  await Promise.all([0, 1, 2, 3, 4, 5].map((number) => places.run(async () => {
    begun.push(number);
    most = Math.max(most, ++now);
    await Promise.resolve();
    now--;
  })));
  expect(begun).toEqual([0, 1, 2, 3, 4, 5]);
  expect(most).toBe(2);
});

test('work that hangs holds up the next one only for a while', async () => {
  const clock = new VirtualClock();
  const places = new Places(1, 1_000, clock);
  void places.run(() => new Promise(() => {}));
  const second = places.run(() => Promise.resolve('done'));
  clock.advance(1_000);
  expect(await second).toBe('done');
});

test('work that fails gives its place back', async () => {
  const places = new Places(1, 1_000, new VirtualClock());
  await expect(places.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await places.run(() => Promise.resolve('next'))).toBe('next');
});
