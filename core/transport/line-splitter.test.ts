import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LineSplitter } from './line-splitter.ts';

function split(splitter: LineSplitter, chunks: readonly Buffer[]): string[] {
  return chunks.flatMap((chunk) => [...splitter.push(chunk)].map(String));
}

describe('LineSplitter', () => {
  test('gives the same lines wherever the stream is cut, also inside a character', () => {
    const lines = fc.array(fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll(/[\r\n]/g, '')), { maxLength: 8 });
    fc.assert(fc.property(lines, fc.array(fc.nat({ max: 400 })), fc.constantFrom('\n', '\r\n'), (expected, cuts, end) => {
      const bytes = Buffer.from(expected.map((line) => line + end).join(''));
      const places = [...new Set([0, ...cuts.map((cut) => Math.min(cut, bytes.length)), bytes.length])].sort((a, b) => a - b);
      const chunks = places.slice(1).map((place, at) => bytes.subarray(places[at], place));
      expect(split(new LineSplitter(10_000), chunks)).toEqual(expected);
    }));
  });

  test('refuses a line over the limit as soon as it is over, ended or not', () => {
    const unfinished = new LineSplitter(4);
    expect(split(unfinished, [Buffer.from('123'), Buffer.from('45')])).toEqual(['too-long']);
    expect(split(new LineSplitter(4), [Buffer.from('ok\n12345\nok\n')])).toEqual(['ok', 'too-long']);
    expect(split(new LineSplitter(4), [Buffer.from('1234\n')])).toEqual(['1234']);
  });

  test('says how much of an unfinished line it holds', () => {
    const splitter = new LineSplitter(100);
    split(splitter, [Buffer.from('whole\nhal')]);
    expect(splitter.heldBytes).toBe(3);
    split(splitter, [Buffer.from('f\n')]);
    expect(splitter.heldBytes).toBe(0);
  });
});
