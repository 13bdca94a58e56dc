import { expect, test } from 'vitest';
import { LogMap } from './log-map.ts';

test('stretches that go on alike are one, and a byte is found in the one that holds it', () => {
  const map = new LogMap();
  map.add({ streamFrom: 0, logFrom: 0, length: 10 });
  map.add({ streamFrom: 10, logFrom: 10, length: 10 });
  map.add({ streamFrom: 20, logFrom: 21, length: 5 });
  map.add({ streamFrom: 40, logFrom: 41, length: 5 });
  expect(map.size).toBe(3);
  expect([map.find(0), map.find(19), map.find(22), map.find(25), map.find(45)]).toEqual([
    { streamFrom: 0, logFrom: 0, length: 20 },
    { streamFrom: 19, logFrom: 19, length: 1 },
    { streamFrom: 22, logFrom: 23, length: 3 },
    null,
    null,
  ]);
  expect([map.nextAfter(19), map.nextAfter(25), map.nextAfter(40)]).toEqual([20, 40, null]);
});

test('too many stretches push out the oldest, never the newest', () => {
  const map = new LogMap();
  for (let at = 0; at < 20_000; at++) map.add({ streamFrom: at * 2, logFrom: at * 3, length: 1 });
  expect(map.size).toBeLessThanOrEqual(16_384);
  expect([map.find(0), map.find(39_998)]).toEqual([null, { streamFrom: 39_998, logFrom: 59_997, length: 1 }]);
});

test('a place in the log is one in the stream, also where the log has a byte twice or lacks some', () => {
  const map = new LogMap();
  expect(map.streamAt(7)).toBe(7);
  map.add({ streamFrom: 0, logFrom: 0, length: 20 });
  map.add({ streamFrom: 20, logFrom: 21, length: 5 }); // a byte twice
  map.add({ streamFrom: 40, logFrom: 26, length: 5 }); // fifteen not logged
  expect([5, 20, 21, 25, 26, 30, 40].map((offset) => map.streamAt(offset))).toEqual([5, 20, 20, 24, 40, 44, 54]);
});
