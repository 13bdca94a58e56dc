import { expect, test } from 'vitest';
import { VirtualClock, settled } from '../../test/support/virtual-clock.ts';
import { FloodGate } from './flood-gate.ts';

function gate(clock: VirtualClock, told: string[]): FloodGate<number> {
  return new FloodGate({ clock, burst: 2, windowMs: 10_000, pass: (name, value) => void told.push(`${name} ${value}`), summarize: (name, count, last) => void told.push(`${name} +${count} ${last}`) });
}

test('a flood is told as its first few and one sum, and wakes nobody afterwards', async () => {
  const clock = new VirtualClock();
  const told: string[] = [];
  const flood = gate(clock, told);
  for (let index = 1; index <= 1_000; index += 1) flood.offer('RTC_CHANGE', index);
  flood.offer('STOP', 0);
  expect(told).toEqual(['RTC_CHANGE 1', 'RTC_CHANGE 2', 'STOP 0']);
  expect(clock.sleeping).toBe(1);
  clock.advance(10_000);
  await settled();
  expect(told.slice(3)).toEqual(['RTC_CHANGE +998 1000']);
  expect(clock.sleeping).toBe(0);
  flood.offer('RTC_CHANGE', 7);
  expect(told.at(-1)).toBe('RTC_CHANGE 7');
});

test('what comes now and then passes one by one', async () => {
  const clock = new VirtualClock();
  const told: string[] = [];
  const flood = gate(clock, told);
  for (let index = 1; index <= 6; index += 1) {
    flood.offer('STOP', index);
    clock.advance(6_000);
    await settled();
  }
  expect(told).toEqual([1, 2, 3, 4, 5, 6].map((index) => `STOP ${index}`));
});

test('what is held at the end is told', () => {
  const told: string[] = [];
  const flood = gate(new VirtualClock(), told);
  for (let index = 1; index <= 5; index += 1) flood.offer('RESET', index);
  flood.flush();
  flood.flush();
  expect(told.at(-1)).toBe('RESET +3 5');
  expect(told).toHaveLength(3);
});
