import { describe, expect, test } from 'vitest';
import { Judge } from './judge.ts';
import { Source } from './source.ts';

const source = new Source('binary', 7, 100_000);
const base = 500;

function judged(mayLeaveOut = false): Judge {
  const judge = new Judge(source, base, mayLeaveOut);
  judge.begin(0);
  judge.take(Buffer.alloc(base, 'login: '), 0);
  return judge;
}

describe('the source', () => {
  test('is the same at each place, read whole or in pieces, and another with another seed', () => {
    const whole = source.read(0, 100_000);
    expect(source.read(12_345, 6_789).equals(whole.subarray(12_345, 12_345 + 6_789))).toBe(true);
    expect(source.read(99_990, 100)).toHaveLength(10);
    expect(new Source('binary', 8, 100).read(0, 100).equals(whole.subarray(0, 100))).toBe(false);
  });

  test('as text is UTF-8 with characters of one to four bytes', () => {
    const text = new Source('text', 7, 10_000).read(0, 10_000);
    expect(text).toHaveLength(10_000);
    expect(text.toString().slice(0, -1)).not.toContain('�');
    expect(text.toString()).toMatch(/[a-z].*[é].*|🙂/s);
  });
});

describe('a reader', () => {
  test('who has every byte once and in order is right', () => {
    const judge = judged();
    for (let at = 0; at < source.bytes; at += 777) judge.take(source.read(at, 777), base + at);
    expect([judge.wrong, judge.isComplete, judge.bytes]).toEqual([null, true, source.bytes]);
  });

  test('who has a marked gap and goes on behind it is right', () => {
    const judge = judged();
    judge.take(source.read(0, 1_000), base);
    judge.gap(base + 1_000, base + 5_000);
    judge.take(source.read(5_000, 95_000), base + 5_000);
    expect([judge.wrong, judge.isComplete, judge.gapBytes]).toEqual([null, true, 4_000]);
  });

  test.each([
    ['a byte that was changed', (judge: Judge) => judge.take(Buffer.from([source.read(0, 1)[0]! ^ 1]), base)],
    ['bytes said twice', (judge: Judge) => (judge.take(source.read(0, 100), base), judge.take(source.read(90, 100), base + 100))],
    ['bytes left out without a mark', (judge: Judge) => (judge.take(source.read(0, 100), base), judge.take(source.read(110, 100), base + 100))],
    ['an offset that jumps', (judge: Judge) => judge.take(source.read(10, 100), base + 10)],
    ['a gap that begins elsewhere', (judge: Judge) => judge.gap(base + 1, base + 10)],
  ])('%s is found', (_what, work) => {
    const judge = judged();
    work(judge);
    expect(judge.wrong).not.toBeNull();
  });

  test('of a virtio console may miss what QEMU left out, and that is told', () => {
    const judge = judged(true);
    judge.take(source.read(0, 100), base);
    judge.take(source.read(4_196, 50_000), base + 100);
    expect([judge.wrong, judge.leftOut]).toEqual([null, [{ at: 100, bytes: 4_096 }]]);
    judge.gap(base + 50_100, base + 60_100);
    judge.take(source.read(70_000, 30_000), base + 60_100);
    expect([judge.wrong, judge.isComplete]).toEqual([null, true]);
    judge.begin(base);
    judge.take(Buffer.alloc(5_000, 1), base);
    expect(judge.wrong).not.toBeNull();
  });
});
