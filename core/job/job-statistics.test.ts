/** The structure itself; how a job fills it is in long-jobs.test.ts. */
import { expect, test } from 'vitest';
import { dataProgress, initialStatistics, statisticsAt, withReport } from './job-statistics.ts';

test('memory and disks add up to the whole, and what nobody knows stays unknown', () => {
  const unknown = initialStatistics('backup');
  const known = withReport(unknown, { memory: { totalBytes: 100 }, disk: { totalBytes: 10, processedBytes: 4 } });
  expect([dataProgress(unknown), dataProgress(known)]).toEqual([
    { totalBytes: null, processedBytes: null, remainingBytes: null },
    { totalBytes: 110, processedBytes: 4, remainingBytes: null },
  ]);
});

test('a structure never changes, and its age is whole and never negative', () => {
  const statistics = withReport(initialStatistics('save'), { setupMs: 3 });
  expect([Object.isFrozen(statistics), Object.isFrozen(statistics.memory)]).toEqual([true, true]);
  expect([statisticsAt(statistics, -5, null).elapsedMs, statisticsAt(statistics, 12.6, null).elapsedMs, statistics.elapsedMs]).toEqual([0, 13, 0]);
});

test('a job that completed has nothing left to wait for, one that failed keeps what it had', () => {
  const running = withReport(initialStatistics('migration-out'), { remainingMs: 700 });
  expect([statisticsAt(running, 1, { type: 'completed' }).remainingMs, statisticsAt(running, 1, { type: 'failed', errorMessage: 'no' }).remainingMs]).toEqual([0, 700]);
});
