import { expect, test } from 'vitest';
import { migrationView } from '../testing/migrations.ts';
import { adviceOf, endSentence, expectation, formatPause, helpfulLevers, memoryNumbers, verdictSentence } from './migration-words.ts';

const mib = 1 << 20;
const view = (changes: Partial<Parameters<typeof migrationView>[0]> = {}) => migrationView({ uuid: 'u', name: 'db-1', ...changes });
const free = { available: true, reason: null };
const hopeless = { kind: 'not converging', dirtyBytesPerSecond: 1.9 * 1024 * mib, speedBytesPerSecond: 1.1 * 1024 * mib } as const;

test('the outlook is one sentence with the figures that it rests on', () => {
  expect([
    verdictSentence({ kind: 'converging', remainingMs: 9_400, expectedDowntimeMs: 35 }),
    verdictSentence(hopeless),
    verdictSentence({ kind: 'measuring', firstPassMs: 12_000 }),
  ]).toEqual([
    'Will finish in about 9 s, with a pause of 35 ms.',
    'Will not finish: the guest changes 1.9 GiB/s, the link carries 1.1 GiB/s.',
    'The first pass is over in about 12 s. Then it is known how much the guest changes.',
  ]);
});

test('what would help is named, the mildest first, and only where it can be used', () => {
  expect(adviceOf(view({ verdict: hopeless, bandwidthMiBps: 100, levers: { autoConverge: free, postcopy: free, suspend: free, cancel: free } }))).toBe('Raise the speed limit, slow the guest, or switch to post-copy.');
  expect(helpfulLevers(view({ verdict: hopeless, levers: { autoConverge: { available: false, reason: 'no' }, postcopy: { available: false, reason: 'no' }, suspend: free, cancel: free } }))).toEqual(['downtime', 'suspend']);
  expect(adviceOf(view())).toBeNull();
});

test('memory is counted of the whole in the first pass, and as what is left later', () => {
  const sample = { atMs: 0, remainingBytes: 512 * mib, transferredBytes: 0, speedBytesPerSecond: 0, dirtyBytesPerSecond: 0, iteration: 1 };
  expect(memoryNumbers(view({ samples: [sample] }))).toBe('1.5 GiB of 2 GiB');
  expect(memoryNumbers(view({ samples: [{ ...sample, iteration: 3 }] }))).toBe('512 MiB left');
});

test('an end says where the guest is', () => {
  expect(endSentence(view({ outcome: 'completed', peer: 'vireo+ssh://rack-2/srv/vireo' }))).toBe('The guest runs on rack-2 now.');
  expect(endSentence(view({ outcome: 'cancelled' }))).toBe('The guest is on this computer, as it was before.');
  expect(endSentence(view({ side: 'destination', outcome: 'completed', peer: 'rack-2' }))).toBe('The guest came from rack-2 and is here now.');
});

test('pauses keep the precision that people care for', () => expect([34.6, 1_240, 61_000].map(formatPause)).toEqual(['35 ms', '1.2 s', '1 min 1 s']));

test('what to expect rests on what was measured, and says when the link would not do', () => {
  const preflight = { blockers: [], warnings: [], disks: [], memoryBytes: 2048 * mib, dirtyBytesPerSecond: 24 * mib };
  expect(expectation(preflight, 88)).toBe('The guest changes 24 MiB/s. At 88 MiB/s its memory takes at most about 32 s.');
  expect(expectation(preflight, 20)).toContain('would not get over');
  expect(expectation({ ...preflight, dirtyBytesPerSecond: null }, 0)).toBeNull();
});
