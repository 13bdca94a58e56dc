import { describe, expect, it } from 'vitest';
import { type Scale, binaryTop, percentTop, steadyScale } from './statistics-scale.ts';

const through = (...samples: readonly (readonly [number, number])[]): number[] => {
  let scale: Scale | null = null;
  return samples.map(([needed, atMs]) => (scale = steadyScale(scale, needed, atMs, (value) => value)).top);
};

describe("a graph's scale", () => {
  it('grows at once and shrinks when a minute needed less', () => {
    expect(through([10, 0], [50, 1_000], [10, 2_000], [10, 60_000], [10, 61_000])).toEqual([10, 50, 50, 50, 10]);
  });

  it('a peak within the minute starts the minute anew', () => {
    expect(through([50, 0], [10, 40_000], [50, 50_000], [10, 80_000], [10, 110_000])).toEqual([50, 50, 50, 50, 10]);
  });

  it('has tops that people read', () => {
    expect([0, 1_024, 1_025, 3e6].map(binaryTop)).toEqual([1_024, 1_024, 2_048, 4 << 20]);
    expect([0, 99, 100, 101].map(percentTop)).toEqual([100, 100, 100, 150]);
  });
});
