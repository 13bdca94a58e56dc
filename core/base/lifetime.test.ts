import { describe, expect, test } from 'vitest';
import { systemClock } from './clock.ts';
import { abortable, DisposableStack, settlesWithin } from './lifetime.ts';

describe('DisposableStack', () => {
  test('undoes everything, last first, though one of them throws', async () => {
    const order: string[] = [];
    {
      await using stack = new DisposableStack();
      stack.defer(() => void order.push('first'));
      stack.defer(() => {
        throw new Error('stuck');
      });
      stack.defer(async () => void order.push('last'));
    }
    expect(order).toEqual(['last', 'first']);
  });

  test('what is registered after the end is undone at once', async () => {
    const stack = new DisposableStack();
    await stack[Symbol.asyncDispose]();
    const undone = new Promise<void>((resolve) => stack.defer(resolve));
    await expect(undone).resolves.toBeUndefined();
  });
});

test('abortable rejects with the reason and leaves no listener', async () => {
  const stop = new AbortController();
  const waiting = abortable(new Promise(() => {}), stop.signal);
  stop.abort(new Error('enough'));
  await expect(waiting).rejects.toThrow('enough');
});

test('work that fails when it was called off before it began leaves no rejection that nobody handles', async () => {
  const failing = Promise.reject(new Error('too late'));
  await expect(abortable(failing, AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
});

test('settlesWithin tells work that settled, well or not, from work that goes on', async () => {
  expect(await settlesWithin(Promise.resolve(), systemClock, 10_000)).toBe(true);
  expect(await settlesWithin(Promise.reject(new Error('failed')), systemClock, 10_000)).toBe(true);
  expect(await settlesWithin(new Promise(() => {}), systemClock, 1)).toBe(false);
});
