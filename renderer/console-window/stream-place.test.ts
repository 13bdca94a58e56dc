import { describe, expect, it } from 'vitest';
import { placeBytes } from './stream-place.ts';

const five = new Uint8Array([0, 1, 2, 3, 4]);

describe('placing console bytes', () => {
  it('shows everything at first, wherever it begins', () => {
    expect(placeBytes(five, 100, null)).toEqual({ unseen: five, missed: 0, seen: 105 });
  });

  it('shows nothing twice after the stream is opened again', () => {
    expect([placeBytes(five, 100, 105).unseen.length, [...placeBytes(five, 100, 103).unseen]]).toEqual([0, [3, 4]]);
  });

  it('counts what was missed between', () => {
    expect(placeBytes(five, 110, 105)).toEqual({ unseen: five, missed: 5, seen: 115 });
  });
});
