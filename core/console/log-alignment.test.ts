import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { alignToLog } from './log-alignment.ts';

/** Lines that count, as a guest that floods writes them: no two stretches alike. */
const counting = Buffer.from(Array.from({ length: 2_000 }, (_, line) => `${String(line).padStart(6, '0')}\n`).join(''));

describe('the place of a new connection in the log', () => {
  test('is exact by counting when nothing is on its way, also in text that repeats', () => {
    fc.assert(
      fc.property(fc.nat(500), fc.nat(500), fc.integer({ min: 1, max: 3 }), (missed, sent, period) => {
        const said = Buffer.from('abc'.slice(0, period).repeat(400)).subarray(0, missed + sent);
        const received = said.subarray(missed);
        expect(alignToLog({ logged: said, lowest: 70, received, quiet: true })).toBe(70 + Math.min(missed, said.length));
      }),
    );
  });

  test('is found by content in a flood, wherever the log and the connection stand', () => {
    fc.assert(
      fc.property(fc.nat(5_000), fc.integer({ min: 128, max: 3_000 }), fc.nat(300), (missed, sent, behind) => {
        const received = counting.subarray(missed, missed + sent);
        const logEnd = Math.max(missed + 128, missed + sent - behind);
        expect(alignToLog({ logged: counting.subarray(0, logEnd), lowest: 0, received, quiet: false })).toBe(missed);
      }),
    );
  });

  test('is found although QEMU logged bytes twice after the first it sent', () => {
    const received = counting.subarray(700, 1_700);
    const logged = Buffer.concat([counting.subarray(0, 1_000), counting.subarray(999, 1_400), counting.subarray(1_399, 1_700)]);
    expect(alignToLog({ logged, lowest: 0, received, quiet: true })).toBe(700);
  });

  test('is found although QEMU logged any of the first bytes twice, and more is on its way', () => {
    fc.assert(
      fc.property(fc.nat(2_000), fc.uniqueArray(fc.nat(1_500), { minLength: 1, maxLength: 6 }), fc.nat(12_000), (missed, doubled, underWay) => {
        const received = counting.subarray(missed, missed + 2_000);
        const pieces = [0, ...doubled.toSorted((a, b) => a - b).map((at) => at + 1), received.length];
        // Each piece begins with the last byte of the one before: logged for the attempt, then sent and logged.
        const after = pieces.slice(1).map((end, index) => received.subarray(Math.max(0, (pieces[index] as number) - 1), end));
        const logged = Buffer.concat([counting.subarray(0, missed), ...after, counting.subarray(missed + 2_000, missed + 2_000 + underWay)]);
        const at = alignToLog({ logged, lowest: 0, received, quiet: false });
        // What is doubled at the very beginning may count as said before: nothing but that byte again, never one too few.
        const again = logged.subarray(missed, at ?? 0);
        expect([at !== null && at >= missed, again.length <= doubled.length, again.every((byte) => byte === received[0])]).toEqual([true, true, true]);
      }),
    );
  });

  test('stays open while too little is known', () => {
    expect(alignToLog({ logged: Buffer.alloc(0), lowest: 0, received: Buffer.from('x'), quiet: true })).toBeNull();
    expect(alignToLog({ logged: Buffer.from('xyz'), lowest: 0, received: Buffer.from('z'), quiet: false })).toBeNull();
  });
});
