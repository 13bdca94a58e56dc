import { expect, test } from 'vitest';
import { floodedBytes } from '../test/support/boot-sector.ts';
import { sequenceText, streamCheck } from './stream-check.ts';

function verdict(check: ReturnType<typeof streamCheck>, bytes: Buffer, pieceBytes: number): string | null {
  for (let at = 0; at < bytes.length; at += pieceBytes) check.take(bytes.subarray(at, at + pieceBytes));
  return check.wrong;
}

test('a flood that is joined anywhere and cut anywhere is in order', () => {
  for (const piece of [1, 7, 64]) expect(verdict(streamCheck({ kind: 'counter' }), floodedBytes(2_000).subarray(13), piece)).toBeNull();
});

test('one byte less in the flood is found', () => {
  const flood = floodedBytes(2_000);
  expect(verdict(streamCheck({ kind: 'counter' }), Buffer.concat([flood.subarray(0, 1_001), flood.subarray(1_002)]), 64)).toMatch(/^after line 100 came/);
});

test('a sequence that comes again and again is in order, and one byte too many is found', () => {
  const twice = Buffer.concat([sequenceText(10, 99), sequenceText(10, 99)]);
  const options = { kind: 'sequence', first: 10, last: 99 } as const;
  for (const piece of [1, 100, 500]) expect(verdict(streamCheck(options), twice, piece)).toBeNull();
  expect(verdict(streamCheck(options), Buffer.concat([twice.subarray(0, 300), Buffer.from('x'), twice.subarray(300)]), 50)).toBe('bytes 300 to 350 are not the expected ones');
});

test('what the stream itself calls lost is no fault of what follows', () => {
  const sequence = sequenceText(10, 99);
  const check = streamCheck({ kind: 'sequence', first: 10, last: 99 });
  check.take(sequence.subarray(0, 100));
  check.skip(50);
  check.take(sequence.subarray(150));
  expect(check.wrong).toBeNull();
});
