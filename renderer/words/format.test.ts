import { describe, expect, it } from 'vitest';
import { formatBytes, formatCount, formatDuration, formatElapsed, formatMemory, plural } from './format.ts';

describe('formatting', () => {
  it('bytes take the largest unit that leaves at least one, with a decimal only where it says something', () => {
    expect([0, 512, 1024, 1229, 15_000, 2 ** 20, 1.4 * 2 ** 30, 2 ** 62].map(formatBytes)).toEqual([
      '0 B', '512 B', '1 KiB', '1.2 KiB', '15 KiB', '1 MiB', '1.4 GiB', '4096 PiB',
    ]);
  });

  it('memory is counted in KiB', () => {
    expect(formatMemory(262_144)).toBe('256 MiB');
  });

  it('elapsed time reads as a stopwatch and never negative', () => {
    expect([-5, 4_000, 751_000, 3_723_000].map(formatElapsed)).toEqual(['0:00', '0:04', '12:31', '1:02:03']);
  });

  it('a duration names its two largest units and leaves out a zero', () => {
    expect([0, 12_000, 130_000, 120_000, 11_100_000, 187_200_000].map(formatDuration)).toEqual([
      '0 s', '12 s', '2 min 10 s', '2 min', '3 h 5 min', '2 d 4 h',
    ]);
  });

  it('counts are grouped and agree with their noun', () => {
    expect([formatCount(4212), plural(1, 'domain'), plural(1000, 'domain'), plural(2, 'entry', 'entries')]).toEqual([
      '4,212', '1 domain', '1,000 domains', '2 entries',
    ]);
  });
});
