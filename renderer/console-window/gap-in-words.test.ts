import { describe, expect, it } from 'vitest';
import { gapInWords } from './gap-in-words.ts';

describe('a gap', () => {
  it('says how much was missed and, where that is known, when', () => {
    const [from, to] = [Date.UTC(2026, 4, 7, 12, 4, 1), Date.UTC(2026, 4, 7, 12, 4, 3)];
    expect(gapInWords(1229, from, to)).toMatch(/^1\.2 KiB missed between \d\d:\d\d:01 and \d\d:\d\d:03$/);
    expect(gapInWords(1229, null, null)).toBe('1.2 KiB missed');
    expect([gapInWords(1, from, null), gapInWords(1, null, to)]).toEqual([expect.stringMatching(/^1 B missed after .*:01$/), expect.stringMatching(/^1 B missed before .*:03$/)]);
  });
});
