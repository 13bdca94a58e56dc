import { expect, test } from 'vitest';
import { ConsoleTimes } from './console-times.ts';
import { type ExportOptions, type ExportPiece, exportConsole } from './export-console.ts';
import type { TimesRecord } from './times-file.ts';

const t0 = Date.UTC(2026, 0, 2, 3, 4, 5);
const options: ExportOptions = { format: 'text', encoding: 'utf-8', timestamps: false, title: 'web ttyS0', columns: 80, rows: 24, moment: (atMs) => new Date(atMs).toISOString().slice(11, 19) };

/** `text` in pieces of `size`, with what is known of their times. */
async function* pieces(text: string | Buffer, size: number, records: readonly TimesRecord[] = [], gap?: { at: number; bytes: number }): AsyncGenerator<ExportPiece> {
  const bytes = Buffer.from(text as string);
  const times = new ConsoleTimes(records, { end: bytes.length + (gap?.bytes ?? 0), endMs: t0 });
  for (let at = 0; at < bytes.length; at += size) {
    const from = at + (gap && at >= gap.at ? gap.bytes : 0);
    const piece = bytes.subarray(at, at + size);
    const to = from + piece.length;
    yield { from, bytes: piece, spans: times.between(from, to, 1_000), marks: times.marks.filter(({ offset }) => offset >= from && offset <= to) };
  }
}

async function written(given: AsyncIterable<ExportPiece>, changes: Partial<ExportOptions> = {}): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of exportConsole(given, { ...options, ...changes })) parts.push(part);
  return Buffer.concat(parts).toString();
}

const colourful = '\x1b[32mgrün\x1b[0m eins\r\nzwei\r\n\r\nlogin: ';
const seen: readonly TimesRecord[] = [
  { what: 'run', to: 0, atMs: t0 },
  { what: 'seen', to: 20, fromMs: t0 + 1_000, toMs: t0 + 1_900 },
  { what: 'attached', to: 26, atMs: t0 + 60_000 },
  { what: 'seen', to: 36, fromMs: t0 + 61_000, toMs: t0 + 61_900 },
];

test('pieces of any size make the same file, in every format', async () => {
  for (const format of ['text', 'raw'] as const) {
    const whole = await written(pieces(colourful, 1_000, seen), { format, timestamps: true });
    for (const size of [1, 2, 3, 7]) expect(await written(pieces(colourful, size, seen), { format, timestamps: true })).toBe(whole);
  }
  expect(await written(pieces(colourful, 5), { format: 'raw' })).toBe(colourful);
  expect(await written(pieces(colourful, 5))).toBe('grün eins\nzwei\n\nlogin: \n');
});

test('lines carry their time, or the two between which they came', async () => {
  expect(await written(pieces(colourful, 4, seen), { timestamps: true })).toBe('[03:04:06] grün eins\n[between 03:04:06 and 03:05:05] zwei\n[03:05:06] \n[03:05:06] login: \n');
  expect(await written(pieces('old\n', 4), { timestamps: true })).toBe('[before 03:04:05] old\n');
});

test('what is kept nowhere any more is told where it is missing', async () => {
  expect(await written(pieces('one\ntwo\n', 4, [], { at: 4, bytes: 100 }))).toBe('one\n[100 bytes are kept nowhere any more]\ntwo\n');
});

test('a recording is asciicast: a header, times that never go back, whole characters, and markers for what is not known', async () => {
  for (const size of [1, 3, 1_000]) {
    const [header = '', ...events] = (await written(pieces(colourful, size, seen), { format: 'asciicast' })).trimEnd().split('\n');
    expect(JSON.parse(header)).toEqual({ version: 2, width: 80, height: 24, timestamp: (t0 + 1_000) / 1_000, title: 'web ttyS0', idle_time_limit: 2, env: { TERM: 'xterm-256color' } });
    const parsed = events.map((line) => JSON.parse(line) as [number, string, string]);
    expect(parsed.map(([atS]) => atS)).toEqual(parsed.map(([atS]) => atS).toSorted((one, other) => one - other));
    expect(parsed.filter(([, code]) => code === 'o').map(([, , text]) => text).join('')).toBe(colourful);
    expect(parsed.filter(([, code]) => code === 'm').map(([, , text]) => text)).toEqual(['power on, 03:04:05', 'time not known: between 03:04:06 and 03:05:05']);
    expect(parsed.at(-1)?.[0]).toBe(60);
  }
});
