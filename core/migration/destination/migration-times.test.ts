import { expect, test } from 'vitest';
import { migrationTimes } from './migration-times.ts';

const hourMs = 3_600_000;
/** By the source's clock: begun at 1000, stopped at 5000, sent at 5010. On its way 4 ms, running 20 ms after it came. */
const statistics = { startedMs: 1_000, stoppedMs: 5_000, sentMs: 5_010 };

test.each([0, hourMs, -hourMs])('times are as the guest saw them with clocks %i ms apart', (apartMs) => {
  const receivedMs = 5_014 + apartMs;
  expect(migrationTimes(statistics, receivedMs, receivedMs + 20)).toEqual({ totalMs: 4_030, downtimeMs: 30, deltaMs: 4 + apartMs });
});

test('times are never negative, whatever the clock does meanwhile', () => {
  expect(migrationTimes(statistics, 10_000, 9_000)).toMatchObject({ downtimeMs: 0 });
  expect(migrationTimes({ startedMs: 9_000, stoppedMs: 9_000, sentMs: 100 }, 100, 120)).toMatchObject({ totalMs: 0, downtimeMs: 0 });
});

test('what the source does not say is not known', () => {
  expect(migrationTimes({ startedMs: 1_000, stoppedMs: 0, sentMs: 2_000 }, 2_000, 2_010)).toEqual({ totalMs: 1_010, downtimeMs: null, deltaMs: 0 });
  expect(migrationTimes(null, 1, 2)).toEqual({ totalMs: null, downtimeMs: null, deltaMs: null });
});
