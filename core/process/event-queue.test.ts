import { expect, test } from 'vitest';
import { EventQueue, type Keeping } from './event-queue.ts';

const dropped: string[] = [];

function queueOf(...events: readonly (readonly [name: string, keeping: Keeping, key?: string])[]): EventQueue {
  dropped.length = 0;
  const queue = new EventQueue((name) => dropped.push(name));
  for (const [name, keeping, key = ''] of events) queue.add({ name, keeping, key, work: () => {} });
  return queue;
}

function taken(queue: EventQueue): string[] {
  const names: string[] = [];
  for (let next = queue.take(); next; next = queue.take()) names.push(`${next.name}${next.key}`);
  return names;
}

test('of what is alike the last one counts, in the place of the first', () => {
  const seen: number[] = [];
  const queue = new EventQueue(() => {});
  for (let value = 0; value < 3; value++) queue.add({ name: 'BALLOON', keeping: 'latest', key: '', work: () => void seen.push(value) });
  queue.add({ name: 'RTC', keeping: 'latest', key: '', work: () => void seen.push(9) });
  for (let next = queue.take(); next; next = queue.take()) void next.work();
  expect(seen).toEqual([2, 9]);
});

test('nothing is told as if it had come before what stopped the guest', () => {
  expect(taken(queueOf(['IO', 'latest', 'a'], ['STOP', 'state'], ['RESUME', 'state'], ['IO', 'latest', 'a'], ['IO', 'latest', 'b'], ['IO', 'latest', 'a'], ['STOP', 'state']))).toEqual(['IOa', 'STOP', 'RESUME', 'IOa', 'IOb', 'STOP']);
});

test('a key that was taken begins anew', () => {
  const queue = queueOf(['IO', 'latest']);
  queue.take();
  queue.add({ name: 'IO', keeping: 'latest', key: '', work: () => {} });
  expect(taken(queue)).toEqual(['IO']);
});

test('a flood drops what is said again anyway, tells it once, and never a shutdown', () => {
  const queue = queueOf(['SHUTDOWN', 'each']);
  for (let at = 0; at < 50_000; at++) queue.add({ name: 'PORT', keeping: 'latest', key: String(at), work: () => {} });
  for (let at = 0; at < 50_000; at++) queue.add({ name: at % 2 === 0 ? 'STOP' : 'RESUME', keeping: 'state', key: '', work: () => {} });
  queue.add({ name: 'PANIC', keeping: 'each', key: '', work: () => {} });
  expect(queue.size).toBeLessThanOrEqual(1_001);
  expect(dropped).toEqual(['PORT']);
  const names = taken(queue);
  expect([names[0], names.at(-2), names.at(-1)]).toEqual(['SHUTDOWN', 'RESUME', 'PANIC']);
});
