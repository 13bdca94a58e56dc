import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HistoryRing } from './history-ring.ts';

test('a ring holds exactly the newest bytes at their offsets, whatever was appended', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), fc.array(fc.uint8Array({ maxLength: 100 })), (capacity, appended) => {
      const ring = new HistoryRing(capacity);
      for (const bytes of appended) ring.append(bytes);
      const all = Buffer.concat(appended);
      expect([ring.start, ring.end]).toEqual([Math.max(0, all.length - capacity), all.length]);
      expect(ring.read(ring.start, capacity)).toEqual(all.subarray(ring.start));
    }),
  );
});

test('a ring that skips forgets what was before', () => {
  const ring = new HistoryRing(8);
  ring.append(Buffer.from('old'));
  ring.skipTo(100);
  ring.append(Buffer.from('new'));
  expect([ring.start, ring.end, ring.read(100, 8).toString()]).toEqual([100, 103, 'new']);
  expect(() => ring.read(2, 1)).toThrow('broken invariant');
});
