import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { silentLog } from '../../base/log.ts';
import { ConsoleLog } from '../console-log.ts';
import { ConsoleTimes } from './console-times.ts';
import { maximumLineBytes } from './console-lines.ts';
import { type HistorySource, logSource } from './history-source.ts';
import { linesBetween } from './lines-between.ts';
import { PatternThread, patternMatcher } from './pattern-matcher.ts';
import { type FindRequest, findInConsole, searchPieceBytes } from './search-console.ts';
import { type SearchedConsole, type SearchPage, searchConsoles } from './search-consoles.ts';

let folder: string;
const { signal } = new AbortController();
const threads: PatternThread[] = [];

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'vireo-search-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));
afterEach(async () => {
  for (const thread of threads.splice(0)) await thread[Symbol.asyncDispose]();
});

function thread(deadlineMs?: number): PatternThread {
  const made = new PatternThread(systemClock, deadlineMs);
  threads.push(made);
  return made;
}

async function sourceOf(name: string, content: string | Buffer): Promise<HistorySource> {
  const file = path.join(folder, name);
  await writeFile(file, content);
  const log = new ConsoleLog(file, silentLog);
  await log[Symbol.asyncDispose]();
  return await logSource(log);
}

const noTimes = new ConsoleTimes([], { end: Number.MAX_SAFE_INTEGER, endMs: 0 });

function request(pattern: string, changes: Partial<FindRequest> & { kind?: 'text' | 'regex'; caseSensitive?: boolean } = {}): FindRequest {
  const { kind = 'text', caseSensitive = false, ...rest } = changes;
  return { matcher: patternMatcher({ pattern, kind, caseSensitive }, thread()), encoding: 'utf-8', signal, direction: 'older', from: null, maximumHits: 100, maximumBytes: 1 << 30, ...rest };
}

test('a line is found wherever the borders of pieces lie, once, from either end', async () => {
  const filler = `${'.'.repeat(61)}\r\n`;
  const lines = Array.from({ length: 12_000 }, (_, index) => (index % 1_000 === 500 ? `ma\x1b[31mrk\x1b[0m ${index} ü\r\n` : filler));
  // Lines stand across every border of the pieces, which are counted from the end.
  const text = lines.join('');
  const source = await sourceOf('borders.log', text);
  expect(source.end).toBeGreaterThan(2 * searchPieceBytes);
  const older = await findInConsole(source, noTimes, request('MARK'));
  const newer = await findInConsole(source, noTimes, request('mark', { direction: 'newer', caseSensitive: true }));
  expect(newer.hits.map(({ line }) => line)).toEqual(Array.from({ length: 12 }, (_, index) => `mark ${index * 1_000 + 500} ü`));
  expect(older.hits.toReversed()).toEqual(newer.hits);
  expect(older.next).toBeNull();
  const bytes = Buffer.from(text);
  for (const { offset, column, length, line } of older.hits) {
    expect(bytes.subarray(offset, offset + 2).toString()).toBe('ma');
    expect(line.slice(column, column + length)).toBe('mark');
  }
});

test('every way to cut a history into pieces gives the same lines', async () => {
  const text = `first\n${'long '.repeat(2_000)}\nü\r\n${'x'.repeat(30)}\r${'y'.repeat(30)}\n\nlogin: `;
  const source = await sourceOf('pieces.log', text);
  const whole = (await linesBetween(source, 0, source.end, 'utf-8', signal)).filter(({ text: line }) => line !== '');
  for (const step of [31, 64, 1_000, 5_000]) {
    const lines = [];
    for (let at = 0; at < source.end; at += step) lines.push(...(await linesBetween(source, at, at + step, 'utf-8', signal)));
    const short = lines.filter(({ text: line }) => line !== '' && !line.startsWith('long') && !line.includes('long'));
    expect(short).toEqual(whole.filter(({ text: line }) => !line.includes('long')));
  }
});

test('a history without a single line end is looked through and ends', async () => {
  const bytes = Buffer.alloc(3 * searchPieceBytes, 'z');
  bytes.write('needle', searchPieceBytes + 3);
  bytes.write('needle', 2 * searchPieceBytes + maximumLineBytes + 17);
  const source = await sourceOf('endless.log', bytes);
  const { hits, next } = await findInConsole(source, noTimes, request('needle'));
  expect(next).toBeNull();
  expect(new Set(hits.map(({ offset, column }) => offset + column))).toEqual(new Set([searchPieceBytes + 3, 2 * searchPieceBytes + maximumLineBytes + 17]));
});

test('pages go on where the last one ended, by hits and by bytes', async () => {
  const source = await sourceOf('pages.log', Array.from({ length: 50_000 }, (_, index) => `line ${index} ${index % 100 === 0 ? 'hit' : 'miss'}\n`).join(''));
  for (const direction of ['older', 'newer'] as const) {
    const found: string[] = [];
    let from: number | null = null;
    let pages = 0;
    do {
      const page = await findInConsole(source, noTimes, request('hit', { direction, from, maximumHits: 37, maximumBytes: searchPieceBytes }));
      found.push(...page.hits.map(({ line }) => line));
      from = page.next;
      pages++;
    } while (from !== null);
    const all = Array.from({ length: 500 }, (_, index) => `line ${index * 100} hit`);
    expect(found).toEqual(direction === 'newer' ? all : all.toReversed());
    expect(pages).toBeGreaterThan(10);
  }
});

test('a regular expression that explodes is given up by name, and the next search works', async () => {
  const source = await sourceOf('explode.log', `${'a'.repeat(60)}!\nfine 42\n`);
  const slow = { ...request('x'), matcher: patternMatcher({ pattern: '(a+)+$', kind: 'regex', caseSensitive: false }, thread(300)) };
  await expect(findInConsole(source, noTimes, slow)).rejects.toMatchObject({ code: 'INVALID_ARG', message: expect.stringContaining("'(a+)+$'") });
  const { hits } = await findInConsole(source, noTimes, request(String.raw`\b\d+$`, { kind: 'regex' }));
  expect(hits).toMatchObject([{ line: 'fine 42', column: 5, length: 2 }]);
});

test('a pattern that is no regular expression is refused by name; as text it is found', async () => {
  const source = await sourceOf('bracket.log', 'a [b\n');
  expect(() => request('[b', { kind: 'regex' })).toThrow("the pattern '[b' is no regular expression");
  expect((await findInConsole(source, noTimes, request('[B'))).hits).toHaveLength(1);
});

test('a search ends when its caller gives up', async () => {
  const source = await sourceOf('cancel.log', 'something\n'.repeat(200_000));
  const caller = new AbortController();
  const searching = findInConsole(source, noTimes, request('nothing', { kind: 'regex', signal: caller.signal }));
  caller.abort(new Error('given up'));
  await expect(searching).rejects.toThrow('given up');
});

/** A line each second, from `startS` on. */
async function timed(key: string, startS: number, count: number, word = 'tick'): Promise<SearchedConsole> {
  const lines = Array.from({ length: count }, (_, index) => `${key} ${word} ${startS + index * 2}\n`);
  const source = await sourceOf(`${key}.log`, lines.join(''));
  let to = 0;
  const records = lines.map((line, index) => ({ what: 'seen', to: (to += line.length), fromMs: (startS + index * 2) * 1_000, toMs: (startS + index * 2) * 1_000 }) as const);
  const times = new ConsoleTimes(records, { end: source.end, endMs: 0 });
  return { key, newestMs: records.at(-1)?.toMs ?? 0, open: async () => ({ source, times, [Symbol.asyncDispose]: async () => {} }) };
}

test('over many consoles the newest line comes first, whatever a page holds', async () => {
  const consoles = [await timed('a', 0, 300), await timed('b', 1, 300), await timed('c', 400, 20), await timed('d', 0, 300, 'nothing')];
  for (const [maximumHits, maximumBytes] of [[7, 1 << 30], [1_000, 1], [1_000, 1 << 30]] as const) {
    const found: { atMs: number; of: string; line: string }[] = [];
    let before: string | null = null;
    do {
      const page: SearchPage<SearchedConsole> = await searchConsoles(consoles, { ...request('tick'), before, maximumHits, maximumBytes, nowMs: 10_000_000 });
      expect(page.problems).toEqual([]);
      for (const { toMs, of, line } of page.hits) found.push({ atMs: toMs ?? 0, of: of.key, line });
      before = page.next;
    } while (before !== null);
    expect(found).toHaveLength(620);
    expect(new Set(found.map(({ line }) => line)).size).toBe(620);
    expect(found.map(({ atMs }) => atMs)).toEqual(found.map(({ atMs }) => atMs).toSorted((one, other) => other - one));
  }
});

test('a console that cannot be read is told, and the others are searched', async () => {
  const broken: SearchedConsole = { key: 'z', newestMs: 9e12, open: () => Promise.reject(new Error('disk')) };
  const page = await searchConsoles([broken, await timed('e', 0, 3)], { ...request('tick'), before: null, maximumHits: 10, maximumBytes: 1 << 30, nowMs: 10_000 });
  expect(page.hits).toHaveLength(3);
  expect(page.problems).toMatchObject([{ of: { key: 'z' } }]);
  await expect(searchConsoles([], { ...request('tick'), before: 'nonsense', maximumHits: 1, maximumBytes: 1, nowMs: 0 })).rejects.toMatchObject({ code: 'INVALID_ARG' });
});
