import { expect, test } from 'vitest';
import type { TimelineEntry } from '../../core/timeline/timeline-entry.ts';
import { type FetchedPage, withNewest, withOlder } from './timeline-pages.ts';

const entry = (seq: number): TimelineEntry => ({ seq, atMs: seq, run: null, kind: 'lifecycle', what: 'started', details: {}, by: null, outcome: null, account: null });
const page = (from: number, to: number, next: number | null): FetchedPage => ({ entries: Array.from({ length: from - to + 1 }, (_, index) => entry(from - index)), next });

test('the newest page goes before what is known, without doubling anything', () => {
  const known = page(10, 5, 5);
  const now = withNewest(known, page(12, 8, 8));
  expect(now.entries.map(({ seq }) => seq)).toEqual([12, 11, 10, 9, 8, 7, 6, 5]);
  expect(now.next).toBe(5);
  expect(withNewest(known, page(10, 6, 6))).toEqual(known);
});

test('a newest page that does not reach what is known takes its place, so that nothing is missing in between', () => {
  expect(withNewest(page(10, 5, 5), page(30, 21, 21))).toEqual(page(30, 21, 21));
  expect(withNewest({ entries: [], next: null }, page(3, 1, null))).toEqual(page(3, 1, null));
});

test('an older page goes behind', () => {
  expect(withOlder(page(10, 8, 8), page(7, 4, null))).toEqual(page(10, 4, null));
});
