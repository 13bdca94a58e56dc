import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AgentLines } from './agent-lines.ts';

function lines(reader: AgentLines, chunks: readonly Uint8Array[]): { text: string; afterSentinel: boolean }[] {
  return chunks.flatMap((chunk) => [...reader.push(Buffer.from(chunk))]).map((line) => ({ text: line.bytes.toString(), afterSentinel: line.afterSentinel }));
}

function cutAt(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  return places.slice(1).map((end, at) => bytes.subarray(places[at], end));
}

const lineText = fc.string({ unit: 'grapheme', minLength: 1 }).map((text) => text.replaceAll('\n', '') || 'x');
const staleBytes = fc.uint8Array({ maxLength: 60 });
const cuts = fc.array(fc.nat(), { maxLength: 30 });

describe('AgentLines', () => {
  test('finds the answer behind the sentinel wherever the stream is cut and whatever came before', () => {
    fc.assert(
      fc.property(staleBytes, lineText, fc.array(lineText, { maxLength: 4 }), cuts, (stale, answer, more, where) => {
        const reader = new AgentLines(1_000);
        reader.skipToSentinel();
        const text = [answer, ...more].map((line) => `${line}\n`).join('');
        const whole = Buffer.concat([stale, Buffer.of(0xff), Buffer.from(text)]);
        const expected = [{ text: answer, afterSentinel: true }, ...more.map((line) => ({ text: line, afterSentinel: false }))];
        expect(lines(reader, cutAt(whole, where)).slice(-expected.length)).toEqual(expected);
      }),
      { numRuns: 500 },
    );
  });

  test('gives any bytes the same meaning in one piece and in many', () => {
    const bytes = fc.array(fc.constantFrom(0xff, 0x0a, 0x61, 0x7b), { maxLength: 60 }).map((all) => Buffer.from(all));
    fc.assert(
      fc.property(bytes, cuts, fc.boolean(), (whole, where, skipping) => {
        const [one, many] = [new AgentLines(1_000), new AgentLines(1_000)];
        if (skipping) for (const reader of [one, many]) reader.skipToSentinel();
        expect(lines(many, cutAt(whole, where))).toEqual(lines(one, [whole]));
        expect(many.heldBytes).toBe(one.heldBytes);
      }),
      { numRuns: 500 },
    );
  });

  test('holds nothing of what it skips', () => {
    const reader = new AgentLines(100);
    reader.skipToSentinel();
    for (let chunk = 0; chunk < 100; chunk++) expect(lines(reader, [Buffer.alloc(65_536, 'x')])).toEqual([]);
    expect(reader.heldBytes).toBe(0);
  });

  test('refuses a line over the limit before its end, and goes on behind the next sentinel', () => {
    const reader = new AgentLines(4);
    expect(lines(reader, [Buffer.from('1234\n')])).toEqual([{ text: '1234', afterSentinel: false }]);
    expect(() => lines(reader, [Buffer.from('123'), Buffer.from('45')])).toThrow('the guest sent a line of more than 4 bytes');
    expect(reader.heldBytes).toBe(0);
    expect(lines(reader, [Buffer.from('6\nno\n'), Buffer.of(0xff), Buffer.from('yes\n')])).toEqual([{ text: 'yes', afterSentinel: true }]);
  });
});
