import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { settled } from '../../test/support/virtual-clock.ts';
import { streamWindow } from './channel.ts';
import { SendWindow } from './send-window.ts';

const { pauseAbove, resumeBelow } = streamWindow;
const { signal } = new AbortController();

/** A window in which one more than the most is under way. */
async function fullWindow(): Promise<SendWindow> {
  const window = new SendWindow();
  await window.reserve(pauseAbove + 1, signal);
  return window;
}

test('a sender waits above the upper mark and goes on below the lower one', async () => {
  const window = await fullWindow();
  let sent = false;
  const sending = window.reserve(1, signal).then(() => (sent = true));
  window.acknowledged(pauseAbove - resumeBelow);
  await settled();
  expect(sent).toBe(false);
  window.acknowledged(1);
  await sending;
});

test('who waits goes on in the order of asking, and nobody overtakes through room that opened meanwhile', async () => {
  const window = await fullWindow();
  const order: string[] = [];
  const ask = (name: string): Promise<unknown> => window.reserve(1, signal).then(() => order.push(name));
  const all = [ask('first'), ask('second')];
  window.acknowledged(pauseAbove / 2);
  all.push(ask('third'));
  window.acknowledged(pauseAbove);
  all.push(ask('fourth'));
  await Promise.all(all);
  expect(order).toEqual(['first', 'second', 'third', 'fourth']);
});

test('those who wait fill the window once, not each of them', async () => {
  const window = await fullWindow();
  const big = Array.from({ length: 5 }, () => window.reserve(60_000, signal));
  window.acknowledged(pauseAbove + 1);
  await Promise.all(big.slice(0, 2));
  expect(window.waiting).toBe(3);
  window.acknowledged(120_000);
  window.acknowledged(120_000);
  await Promise.all(big);
});

test('who gives up leaves the queue and no listener', async () => {
  const window = await fullWindow();
  const giveUp = new AbortController();
  const leaving = window.reserve(1, giveUp.signal);
  const staying = window.reserve(1, signal);
  giveUp.abort(new Error('closed'));
  await expect(leaving).rejects.toThrow('closed');
  expect([window.waiting, getEventListeners(giveUp.signal, 'abort').length]).toEqual([1, 0]);
  window.acknowledged(pauseAbove + 1);
  await staying;
  expect(getEventListeners(signal, 'abort').length).toBe(0);
  await expect(window.reserve(1, giveUp.signal)).rejects.toThrow('closed');
});

test('acknowledging more than was sent opens no larger window', async () => {
  const window = await fullWindow();
  window.acknowledged(10 * pauseAbove);
  await window.reserve(pauseAbove + 1, signal);
  void window.reserve(1, signal);
  expect(window.waiting).toBe(1);
});
