import { appendFile, mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { failingDisk } from '../../test/support/failing-disk.ts';
import { VirtualClock } from '../../test/support/virtual-clock.ts';
import { createLog } from '../base/log.ts';
import { Timeline } from './timeline.ts';
import type { NewEntry } from './timeline-entry.ts';
import { TimelineFile } from './timeline-file.ts';

vi.mock('node:fs/promises', async (original) => {
  const { failingDisk: disk } = await import('../../test/support/failing-disk.ts');
  return disk.over(await original());
});

let folder: string;
let clock: VirtualClock;
let logged: string[];

beforeEach(async () => {
  folder = await mkdtemp('/tmp/vireo-');
  clock = new VirtualClock();
  logged = [];
});

afterEach(async () => {
  failingDisk.heal();
  await rm(folder, { recursive: true, force: true });
});

function open(maximumBytes?: number): Timeline {
  return new Timeline({ file: new TimelineFile(folder, maximumBytes), clock, log: createLog((line) => void logged.push(line)), onWritten: () => {} });
}

function entry(changes: Partial<NewEntry> = {}): NewEntry {
  return { atMs: clock.wallTime(), kind: 'lifecycle', what: 'started', ...changes };
}

async function seqs(timeline: Timeline, limit = 1_000): Promise<number[]> {
  return (await timeline.read({ limit })).entries.map(({ seq }) => seq);
}

describe('a timeline', () => {
  test('gathers what is recorded for a moment and writes it at once', async () => {
    const timeline = open();
    for (let index = 0; index < 10; index += 1) timeline.record(entry());
    expect(await readdir(folder)).toEqual([]);
    clock.advance(100);
    await vi.waitFor(async () => expect((await readFile(timeline.path, 'utf8')).split('\n')).toHaveLength(11));
    expect(clock.sleeping).toBe(0); // nothing wakes again while nothing happens
  });

  test('goes on counting where the driver before it stopped', async () => {
    const first = open();
    first.record(entry());
    first.record(entry());
    await first.flush();
    const next = open();
    next.record(entry());
    expect(await seqs(next)).toEqual([3, 2, 1]);
  });

  test('bears a line that a killed driver left half written, and the next line stands alone', async () => {
    const first = open();
    first.record(entry());
    await first.flush();
    await appendFile(first.path, '{"seq":2,"atMs":17000');
    const next = open();
    next.record(entry({ what: 'stopped' }));
    expect((await next.read({ limit: 10 })).entries.map(({ seq, what }) => [seq, what])).toEqual([[2, 'stopped'], [1, 'started']]);
  });

  test('keeps two files of bounded size, in one order, and forgets the oldest', async () => {
    const timeline = open(4_096);
    for (let index = 1; index <= 300; index += 1) {
      timeline.record(entry({ details: { index } }));
      await timeline.flush();
    }
    const sizes = await Promise.all((await readdir(folder)).map(async (name) => (await stat(path.join(folder, name))).size));
    expect(sizes).toHaveLength(2);
    expect(Math.max(...sizes)).toBeLessThan(4_096 + 200);
    const kept = await seqs(timeline);
    expect(kept[0]).toBe(300);
    expect(kept).toEqual(Array.from(kept, (_, index) => 300 - index));
    expect(kept.length).toBeGreaterThan(40);
  });

  test('is read in pages, by kind and by letters, across pieces of the file', async () => {
    const timeline = open();
    for (let index = 1; index <= 900; index += 1) timeline.record(entry({ kind: index % 3 === 0 ? 'qmp' : 'action', what: `w${index}`, details: { long: 'x'.repeat(300) } }));
    const all: number[] = [];
    let before: number | null = null;
    do {
      const page = await timeline.read({ limit: 70, kinds: ['qmp'], before });
      all.push(...page.entries.map(({ seq }) => seq));
      before = page.next;
    } while (before !== null);
    expect(all).toEqual(Array.from({ length: 300 }, (_, index) => 900 - 3 * index));
    expect((await timeline.read({ limit: 9, text: 'W777"' })).entries.map(({ what }) => what)).toEqual(['w777']);
  });

  test('tells what it could not keep when too much came at once', async () => {
    const timeline = open();
    for (let index = 0; index < 1_500; index += 1) timeline.record(entry());
    await timeline.flush();
    timeline.record(entry());
    const { entries } = await timeline.read({ limit: 2 });
    expect(entries[1]).toMatchObject({ seq: 1_001, kind: 'driver', what: 'entries-lost', details: { count: 500 } });
  });
});

describe('a full disk', () => {
  test('loses entries and nothing else; it is logged once, and told when there is room again', async () => {
    const timeline = open();
    timeline.record(entry());
    await timeline.flush();
    failingDisk.watch([folder], { code: 'ENOSPC', at: 1, stays: true });
    for (let index = 0; index < 3; index += 1) {
      timeline.record(entry());
      await timeline.flush();
    }
    failingDisk.heal();
    timeline.record(entry({ what: 'stopped' }));
    const { entries } = await timeline.read({ limit: 10 });
    expect(entries.map(({ seq, what }) => [seq, what])).toEqual([[3, 'stopped'], [2, 'entries-lost'], [1, 'started']]);
    expect(entries[1]?.details).toMatchObject({ count: 3, why: expect.stringContaining('ENOSPC') as unknown });
    expect(logged.filter((line) => line.includes('timeline'))).toHaveLength(1);
  });

  test('in the middle of a write leaves a torn line that nobody trips over', async () => {
    const timeline = open();
    timeline.record(entry());
    await timeline.flush();
    failingDisk.watch([folder], { code: 'ENOSPC', at: 2, stays: false });
    timeline.record(entry());
    await timeline.flush();
    failingDisk.heal();
    await appendFile(timeline.path, '{"seq":2,"at');
    timeline.record(entry());
    expect(await seqs(timeline)).toEqual([3, 2, 1]);
  });
});
